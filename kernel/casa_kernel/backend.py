"""Matplotlib's backend in the notebook, whatever the environment says: figures show under their cell.

Matplotlib reads ``MPLBACKEND`` once, while it is imported, which CASA's import does. ``TkAgg`` or ``agg``, as many set
it for their terminals, show nothing in a notebook, and a value that it does not know ends the import and CASA's with
it. ``%matplotlib`` and ``matplotlib.use`` choose another one as ever.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import MutableMapping, Optional

VARIABLE = "MPLBACKEND"
_INLINE = "module://matplotlib_inline.backend_inline"
# They show figures in a cell, too. Other short names, like ``widget``, are not known to every matplotlib.
_OF_NOTEBOOKS = ("nbagg", "notebook")
_MODULE = "module://"

_users: Optional[str] = None


def choose(environ: MutableMapping[str, str]) -> None:
    """Have matplotlib draw into cells. Call it before matplotlib is imported."""
    global _users
    said = environ.get(VARIABLE)
    if said and _shows_in_notebooks(said):
        return
    _users = said
    environ[VARIABLE] = _INLINE


def give_back(environ: MutableMapping[str, str]) -> None:
    """Have the programs that this process starts see what the user has set, once matplotlib has read ours."""
    if _users and environ.get(VARIABLE) == _INLINE and "matplotlib" in sys.modules:
        environ[VARIABLE] = _users


def _shows_in_notebooks(name: str) -> bool:
    if not name.startswith(_MODULE):
        return name.lower() in _OF_NOTEBOOKS
    # The package alone: to look into it would import it, and matplotlib.
    package = name[len(_MODULE) :].partition(".")[0]
    return bool(package) and importlib.util.find_spec(package) is not None
