"""How processes of ours are started so that they find these packages, and nothing in the user's way.

A kernel for another Python has what that lacks in a folder that its kernelspec names in PYTHONPATH. In a terminal on
the desktop, or behind a notebook's ``!``, some other Python would find modules there that were made for this one. So a
process of ours takes the folder out of its environment when it begins, and names it again to children of ours alone.

``python -m`` looks for modules in the working folder first. There a user's ``random.py`` or ``types.py`` would be taken
for Python's own before a line of ours has run. So what starts in a user's folder starts by ``module``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Mapping, MutableMapping, Tuple

_VARIABLE = "PYTHONPATH"
# What ``python -m`` does, but for the working folder. With PYTHONSAFEPATH the first entry is not the working folder's
# empty one. Without quotes and braces, because kernelspecs, shells and menus have their own rules for them.
LAUNCHER = (
    "import sys; sys.path[0] or sys.path.pop(0); import runpy; del sys.argv[0]; "
    "runpy.run_module(sys.argv[0], run_name=__name__, alter_sys=True)"
)


# A kernel's folder for the Pythons that cells start (casa_kernel.offspring), and so for none of ours.
_FOR_CELLS = ("casa_kernel", "sitehooks")


def _folders(environ: Mapping[str, str]) -> List[str]:
    named = environ.get(_VARIABLE, "").split(os.pathsep)
    return [folder for folder in named if folder and Path(folder).parts[-2:] != _FOR_CELLS]


_HERE = str(Path(__file__).parents[1])
# Read before anybody calls ``hide``: empty where these packages are installed in the usual way.
_NAMED = [_HERE] if _HERE in _folders(os.environ) else []


def hide(environ: MutableMapping[str, str]) -> None:
    """Take the folder of these packages out of the variables that this process's children inherit."""
    others = [folder for folder in _folders(environ) if folder != _HERE]
    if others:
        environ[_VARIABLE] = os.pathsep.join(others)
    else:
        environ.pop(_VARIABLE, None)


def seen(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables with which this Python finds these packages again."""
    folders = _NAMED + [folder for folder in _folders(environ) if folder not in _NAMED]
    others = {name: value for name, value in environ.items() if name != _VARIABLE}
    return {**others, **({_VARIABLE: os.pathsep.join(folders)} if folders else {})}


def finding(python: str) -> Tuple[str, ...]:
    """Return the first words of a command by which ``python`` finds these packages, for menus and scripts."""
    return ("env", f"{_VARIABLE}={_HERE}", python) if _NAMED else (python,)


def module(name: str) -> Tuple[str, str, str]:
    """Return the arguments with which a Python runs a module as ``-m NAME`` does, but for the working folder."""
    return ("-c", LAUNCHER, name)
