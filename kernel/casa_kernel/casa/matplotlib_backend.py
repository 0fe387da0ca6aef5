"""Choose matplotlib's backend for the notebook, whatever the environment contains: figures appear under their cell.

Matplotlib reads ``MPLBACKEND`` once, while it is imported. ``TkAgg`` or ``agg``, which many users set for their
terminals, show nothing in a notebook, and an unknown value makes the import fail. ``%matplotlib`` and
``matplotlib.use`` can still choose another backend.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import MutableMapping, Optional

from . import import_hook

VARIABLE = "MPLBACKEND"
_INLINE = "module://matplotlib_inline.backend_inline"
# These also show figures in a cell. Not every matplotlib knows other short names, like ``widget``.
_OF_NOTEBOOKS = ("nbagg", "notebook")
_MODULE = "module://"

_users: Optional[str] = None


def watch(environ: MutableMapping[str, str]) -> None:
    """Make matplotlib draw into cells, whenever it is imported from now on."""

    def give_back(_module: ModuleType) -> None:
        """Restore the user's value for the programs that this process starts."""
        if _users and environ.get(VARIABLE) == _INLINE:
            environ[VARIABLE] = _users

    import_hook.before("matplotlib", lambda: choose(environ))
    import_hook.after("matplotlib", give_back)


def choose(environ: MutableMapping[str, str]) -> None:
    """Make matplotlib draw into cells; it is about to be imported."""
    global _users
    said = environ.get(VARIABLE)
    if said and _shows_in_notebooks(said):
        return
    _users = said
    environ[VARIABLE] = _INLINE


def _shows_in_notebooks(name: str) -> bool:
    if not name.startswith(_MODULE):
        return name.lower() in _OF_NOTEBOOKS
    # Look up only the package: looking inside it would import it, and matplotlib.
    package = name[len(_MODULE) :].partition(".")[0]
    return bool(package) and importlib.util.find_spec(package) is not None
