"""How a Python that has not got casa-desktop finds it: by PYTHONPATH, of which the user's programs are to see nothing.

A kernel for another Python has what that lacks in a folder that its kernelspec names in PYTHONPATH. In a terminal on
the desktop, or behind a notebook's ``!``, some other Python would find modules there that were made for this one. So a
process of ours takes the folder out of its environment when it begins, and names it again to children of ours alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Mapping, MutableMapping, Tuple

_VARIABLE = "PYTHONPATH"


def _folders(environ: Mapping[str, str]) -> List[str]:
    return [folder for folder in environ.get(_VARIABLE, "").split(os.pathsep) if folder]


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
    return {**environ, **({_VARIABLE: os.pathsep.join(folders)} if _NAMED else {})}


def finding(python: str) -> Tuple[str, ...]:
    """Return the first words of a command by which ``python`` finds these packages, for menus and scripts."""
    return ("env", f"{_VARIABLE}={_HERE}", python) if _NAMED else (python,)
