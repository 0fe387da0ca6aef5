"""The CASA Desktop: a virtual X desktop for CASA's native tools, shown in a browser tab.

The package falls into two halves. ``errors``, ``commands``, ``icewm``, ``process``, ``locks``, ``xauthority``,
``runtime``, ``fitting``, ``picture``, ``supervisor`` and ``session`` know nothing of Jupyter and run on Python 3.8 or
later, because a CASA kernel of any age imports them. ``config``, ``proxy``, ``handlers`` and ``extension`` are the
bridge into a Jupyter server. Nothing is imported here, so that the first half stays light.
"""

from __future__ import annotations

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module to load; called by Jupyter Server at its start."""
    return [{"module": "casa_desktop.extension"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the prebuilt extension lies; called by ``jupyter labextension develop``."""
    return [{"src": "labextension/dist", "dest": "casa-desktop-labextension"}]
