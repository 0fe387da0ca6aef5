"""A folder that this process has open, told from another one that has its path by now.

A logout or a cleaner of /tmp removes a runtime directory under a running desktop, and the next desktop makes the same
path anew. So what is removed is reached through a descriptor, and a name is given up only where it is still the name
of that very folder: the same device and inode.
"""

from __future__ import annotations

import os
import select
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
        arrivals: what comes into the folder is an event as well.

    Attributes:
        readable: what select(2) is to wait for; ``stands`` tells what has come of it.
        seconds: how long may be waited at most without a look; None for ever.
    """

    def __init__(self, path: Path, descriptor: int, *, arrivals: bool = False) -> None:
        self.path, self._descriptor = path, descriptor
        self.readable: List[select.epoll] = []
        self.seconds: Optional[float] = None
        self._mounts: Optional[int] = None
        self._changes: Optional[INotify] = None
        try:
            self._watch(int(flags.CREATE) if arrivals else 0)
        except OSError:
            self.seconds = SLOW_SECONDS

    def _watch(self, more: int) -> None:
        events = select.epoll()
        self.readable.append(events)
        # Something mounted over it, or a lazy unmount, is no event of inotify(7), but of this file: proc(5).
        self._mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        events.register(self._mounts, select.EPOLLPRI)
        self._changes = INotify(nonblocking=True)
        events.register(self._changes.fileno(), select.EPOLLIN)
        for each, mask in self._watched(more):
            self._changes.add_watch(str(each), mask)

    def _watched(self, more: int) -> Iterator[Tuple[Path, int]]:
        yield self.path, _OF_FOLDER | more
        yield self.path.parent, _OF_FOLDER
        for each in self.path.parents:
            if each not in (self.path.parent, each.parent):
                yield each, _OF_ANCESTOR

    def stands(self) -> bool:
        """Tell whether the folder is where it was, and forget the events so far."""
        if self._changes is not None:
            self._changes.read(timeout=0)
        for events in self.readable:
            events.poll(0)
        return is_at(self.path, self._descriptor)

    def await_write(self, path: str) -> None:
        """Have the next writing into the file at ``path`` be an event, once."""
        if self._changes is not None:
            # Without a watch left there is none.
            with suppress(OSError):
                self._changes.add_watch(path, flags.MODIFY | flags.ONESHOT)

    def close(self) -> None:
        """Wait for no more events; the folder's own descriptor stays open."""
        for events in self.readable:
            events.close()
        if self._changes is not None:
            self._changes.close()
        if self._mounts is not None:
            os.close(self._mounts)
        self.readable, self._changes, self._mounts = [], None, None
