"""A folder that this process has open, told from another one that has its path by now.

A logout or a cleaner of /tmp removes a runtime directory under a running desktop, and the next desktop makes the same
path anew. So what is removed is reached through a descriptor, and a name is given up only where it is still the name
of that very folder: the same device and inode.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from inotify_simple import INotify, flags

# How often a folder is looked at where the system has no watch to give, in seconds.
SLOW_SECONDS = 30.0
# The kernel keeps a removed folder alive as long as somebody has it open, and tells nobody but its parent's watchers.
_OF_FOLDER = int(flags.DELETE | flags.MOVED_FROM | flags.MOVE_SELF | flags.UNMOUNT | flags.ONLYDIR)
# Above, only a folder's own renaming matters: what is removed is emptied first, and /tmp is busy.
_OF_ANCESTOR = int(flags.MOVE_SELF | flags.UNMOUNT | flags.ONLYDIR)
_DELETED = " (deleted)"


def opened(folder: Path) -> int:
    """Return a descriptor of ``folder``, which must be no link.

    Raises:
        OSError: it is not there, or is no folder.
    """
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def is_at(path: Path, descriptor: int) -> bool:
    """Tell whether ``path`` leads to the very folder that ``descriptor`` has open."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except OSError:
        return False


def remove(path: Path, descriptor: int) -> None:
    """Remove the folder that ``descriptor`` has open, wherever it is now, and no other one.

    Args:
        path: where it was made.
        descriptor: of it.
    """
    # Without a descriptor to look with, what it holds stays.
    with suppress(OSError):
        _empty(descriptor)
    for each in (path, _present_path(descriptor)):
        if each is not None and _remove_name(each, descriptor):
            return


def _empty(descriptor: int) -> None:
    for _, folders, files, inside in os.fwalk(".", topdown=False, dir_fd=descriptor):
        for name in (*files, *folders):
            with suppress(OSError):
                is_folder = stat.S_ISDIR(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode)
                (os.rmdir if is_folder else os.unlink)(name, dir_fd=inside)


def _present_path(descriptor: int) -> Optional[Path]:
    with suppress(OSError):
        found = os.readlink(f"/proc/self/fd/{descriptor}")
        return None if found.endswith(_DELETED) else Path(found)
    return None


def _remove_name(path: Path, descriptor: int) -> bool:
    """Remove the empty folder at ``path`` if it is the one of ``descriptor``; return whether it was."""
    if not is_at(path, descriptor):
        return False
    # One that has come this very moment is empty for no longer than it takes to be locked, and rmdir(2) takes no other.
    with suppress(OSError):
        path.rmdir()
    return True


class Foothold:
    """A folder that must stay where it is, and the events after which it may be gone.

    Args:
        path: where it is.
        descriptor: of it, open as long as this is used.

    Attributes:
        readable, exceptional: what select(2) is to wait for as well; ``stands`` tells what has come of it.
        seconds: how long may be waited at most without a look; None for ever.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.readable: List[INotify] = []
        self.exceptional: List[int] = []
        self.seconds: Optional[float] = None
        self._watch()

    def _watch(self) -> None:
        with suppress(OSError):
            # Something mounted over it, or a lazy unmount, is no event of inotify(7), but of this file: proc(5).
            self.exceptional.append(os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC))
        try:
            changes = INotify(nonblocking=True)
            self.readable.append(changes)
            for each, mask in self._watched():
                changes.add_watch(str(each), mask)
        except OSError:
            self.seconds = SLOW_SECONDS

    def _watched(self) -> Iterator[Tuple[Path, int]]:
        yield self.path, _OF_FOLDER
        yield self.path.parent, _OF_FOLDER
        for each in self.path.parents:
            if each not in (self.path.parent, each.parent):
                yield each, _OF_ANCESTOR

    def stands(self) -> bool:
        """Tell whether the folder is where it was, and forget the events so far."""
        for changes in self.readable:
            changes.read(timeout=0)
        return is_at(self.path, self._descriptor)

    def close(self) -> None:
        """Wait for no more events; the folder's own descriptor stays open."""
        for changes in self.readable:
            changes.close()
        for descriptor in self.exceptional:
            os.close(descriptor)
        self.readable, self.exceptional = [], []
