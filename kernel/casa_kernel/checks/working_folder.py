"""The working folder: whether it exists, and its place on ``sys.path``, which only the user's cells need.

As with any Jupyter kernel, a notebook finds the modules of its working folder through the empty entry that IPython puts
after Python's own library. But a file there may have the name of a module that CASA or the kernel needs.

This module imports nothing of ours, and of Python only modules that are imported before any program begins, because it
keeps the user's files away from all other imports.
"""

import os
import sys

# Linux appends this to the path of a removed file: proc(5).
_REMOVED = " (deleted)"


def is_gone() -> bool:
    """Return whether the working folder was removed while this process runs."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def name() -> str:
    """Return its path, or its former path if it was removed."""
    try:
        path = os.readlink("/proc/self/cwd")
    except OSError:
        return ""
    return path[: -len(_REMOVED)] if path.endswith(_REMOVED) else path


def _is_here(entry: str) -> bool:
    return entry == "" or (not is_gone() and entry == os.getcwd())


def leave() -> None:
    """Remove the entry that ``python -m`` puts first, for kernelspecs that an older version of ours has written."""
    if sys.path and _is_here(sys.path[0]):
        del sys.path[0]


def others(path: "list[str]") -> "list[str]":
    """Return the entries of a list like ``sys.path`` that are not the working folder."""
    return [entry for entry in path if not _is_here(entry)]


class Outside:
    """Works in the root folder within a with block if the working folder is gone.

    Tools of CASA that are made in such a folder end the process (casatools 6.7.0: casac::ms).
    """

    def __enter__(self) -> None:
        self._here = os.open(".", os.O_PATH | os.O_CLOEXEC) if is_gone() else -1
        if self._here >= 0:
            os.chdir("/")

    def __exit__(self, *_: object) -> None:
        if self._here >= 0:
            os.fchdir(self._here)
            os.close(self._here)


class Hidden:
    """Removes IPython's empty entry from sys.path until ``show``.

    Make it while no other thread imports anything: Python iterates over the list itself, and skips an entry when one
    before it is removed.
    """

    def __init__(self) -> None:
        self._place = sys.path.index("") if "" in sys.path else -1
        if self._place >= 0:
            del sys.path[self._place]

    def show(self) -> None:
        """Restore the entry. Safe to call twice, and in any thread."""
        if self._place >= 0 and "" not in sys.path:
            sys.path.insert(self._place, "")
