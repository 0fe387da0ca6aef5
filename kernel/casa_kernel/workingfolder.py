"""The working folder: whether it is there, and its place on ``sys.path``, for the user's cells alone.

As with any Jupyter kernel a notebook finds the modules of its working folder, by the empty entry that IPython puts
behind Python's own library. A file there may be called as a module that CASA or the kernel needs.

Nothing of ours is imported here, and of Python only what has been imported before any program begins: this is what
keeps the user's files away from the other imports.
"""

import os
import sys

# Linux says so of what has no name any more: proc(5).
_REMOVED = " (deleted)"


def is_gone() -> bool:
    """Return whether it has been removed under this process."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def name() -> str:
    """Return its path, or what that was when it has been removed."""
    try:
        path = os.readlink("/proc/self/cwd")
    except OSError:
        return ""
    return path[: -len(_REMOVED)] if path.endswith(_REMOVED) else path


def _is_here(entry: str) -> bool:
    return entry == "" or (not is_gone() and entry == os.getcwd())


def leave() -> None:
    """Take away what ``python -m`` puts first, in kernelspecs that an older version of ours has written."""
    if sys.path and _is_here(sys.path[0]):
        del sys.path[0]


class Hidden:
    """IPython's entry is away from now on, until ``show``.

    Make it where no other thread imports anything: Python walks the list itself, and passes over an entry when one
    before it goes.
    """

    def __init__(self) -> None:
        self._place = sys.path.index("") if "" in sys.path else -1
        if self._place >= 0:
            del sys.path[self._place]

    def show(self) -> None:
        """Put it back. Safe to call twice, and in any thread."""
        if self._place >= 0 and "" not in sys.path:
            sys.path.insert(self._place, "")
