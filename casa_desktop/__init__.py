"""The CASA Desktop: a virtual X desktop for CASA's native tools, shown in a browser tab.

The package falls into two halves. ``config``, ``proxy``, ``handlers`` and ``extension`` are the bridge into a Jupyter
server; all other modules know nothing of Jupyter. Of these, what a CASA kernel of any age may import runs on Python 3.8
or later; ``serve``, ``pageserver``, ``webpage`` and ``relay`` need websockify, and with it Python 3.10. Nothing is
imported here, so that a kernel takes in no more than it uses.
"""

from __future__ import annotations

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module to load; called by Jupyter Server at its start."""
    return [{"module": "casa_desktop.web.extension"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the prebuilt extension lies; called by ``jupyter labextension develop``."""
    return [{"src": "labextension/dist", "dest": "casa-desktop-labextension"}]
