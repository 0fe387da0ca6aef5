"""Choose matplotlib's backend for the notebook, whatever the environment contains: figures appear under their cell.

Matplotlib reads ``MPLBACKEND`` once, while it is imported, and CASA's import does that. ``TkAgg`` or ``agg``, which
many users set for their terminals, show nothing in a notebook, and an unknown value makes the imports of matplotlib and
CASA fail. ``%matplotlib`` and ``matplotlib.use`` can still choose another backend.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import MutableMapping, Optional

VARIABLE = "MPLBACKEND"
_INLINE = "module://matplotlib_inline.backend_inline"
# These also show figures in a cell. Not every matplotlib knows other short names, like ``widget``.
_OF_NOTEBOOKS = ("nbagg", "notebook")
_MODULE = "module://"

_users: Optional[str] = None


def choose(environ: MutableMapping[str, str]) -> None:
    """Make matplotlib draw into cells. Call it before matplotlib is imported."""
    global _users
    said = environ.get(VARIABLE)
    if said and _shows_in_notebooks(said):
        return
    _users = said
    environ[VARIABLE] = _INLINE


def give_back(environ: MutableMapping[str, str]) -> None:
    """Restore the user's value for the programs that this process starts, once matplotlib has read ours."""
    if _users and environ.get(VARIABLE) == _INLINE and "matplotlib" in sys.modules:
        environ[VARIABLE] = _users


def _shows_in_notebooks(name: str) -> bool:
    if not name.startswith(_MODULE):
        return name.lower() in _OF_NOTEBOOKS
    # Look up only the package: looking inside it would import it, and matplotlib.
    package = name[len(_MODULE) :].partition(".")[0]
    return bool(package) and importlib.util.find_spec(package) is not None
