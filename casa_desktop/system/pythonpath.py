"""Start our own processes so that they find these packages, and import none of the user's modules by accident.

A kernel for another Python finds the packages that this Python lacks in a folder on PYTHONPATH, set by its kernelspec.
A different Python, in a terminal on the desktop or behind a notebook's ``!``, would find modules there that were made
for this one. So our processes remove the folder from their environment when they begin, and pass it only to our own
child processes.

``python -m`` looks for modules in the working folder first. A user's ``random.py`` or ``types.py`` there would be
imported instead of Python's own, before any of our code runs. So a process that starts in a user's folder is started
with ``module``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Mapping, MutableMapping, Tuple

_VARIABLE = "PYTHONPATH"
# Does the same as ``python -m``, but without the working folder in ``sys.path``. With PYTHONSAFEPATH the first entry is
# not the empty one for the working folder, and must stay. The text has no quotes or braces, because kernelspecs, shells
# and menus have their own rules for them.
LAUNCHER = (
    "import sys; sys.path[0] or sys.path.pop(0); import runpy; del sys.argv[0]; "
    "runpy.run_module(sys.argv[0], run_name=__name__, alter_sys=True)"
)


# A kernel's folder for the Pythons that cells start (casa_kernel.drawing.child_start); not for our own processes.
_FOR_CELLS = ("casa_kernel", "sitehooks")


def _folders(environ: Mapping[str, str]) -> List[str]:
    named = environ.get(_VARIABLE, "").split(os.pathsep)
    return [folder for folder in named if folder and Path(folder).parts[-2:] != _FOR_CELLS]


_HERE = str(Path(__file__).parents[2])
# Read at import, before ``hide`` can be called. Empty if these packages are installed in the usual way.
_NAMED = [_HERE] if _HERE in _folders(os.environ) else []


def hide(environ: MutableMapping[str, str]) -> None:
    """Remove the folder of these packages from the environment that child processes inherit."""
    others = [folder for folder in _folders(environ) if folder != _HERE]
    if others:
        environ[_VARIABLE] = os.pathsep.join(others)
    else:
        environ.pop(_VARIABLE, None)


def seen(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment in which a child process with this Python finds these packages."""
    folders = _NAMED + [folder for folder in _folders(environ) if folder not in _NAMED]
    others = {name: value for name, value in environ.items() if name != _VARIABLE}
    return {**others, **({_VARIABLE: os.pathsep.join(folders)} if folders else {})}


def finding(python: str) -> Tuple[str, ...]:
    """Return the first words of a command with which ``python`` finds these packages, for menus and scripts."""
    return ("env", f"{_VARIABLE}={_HERE}", python) if _NAMED else (python,)


def module(name: str) -> Tuple[str, str, str]:
    """Return the arguments with which Python runs a module like ``-m NAME``, but without the working folder."""
    return ("-c", LAUNCHER, name)
