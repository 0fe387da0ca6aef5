"""A folder that this process has open, distinguished from another folder that now has the same path.

A logout or a cleaner of /tmp removes the runtime directory of a running desktop, and the next desktop creates the same
path again. So files are removed through a descriptor, and a name is removed only if it still belongs to the same
folder: the same device and inode.
"""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from inotify_simple import INotify, flags

# How often a folder is checked if no inotify watch can be had, in seconds.
SLOW_SECONDS = 30.0
# Linux keeps a removed folder as long as a process has it open, and reports the removal only to watches on its parent.
_OF_FOLDER = int(flags.DELETE | flags.MOVED_FROM | flags.MOVE_SELF | flags.UNMOUNT | flags.ONLYDIR)
# For the folders above, only their own renaming matters: a removed folder is emptied first, and /tmp has many events.
_OF_ANCESTOR = int(flags.MOVE_SELF | flags.UNMOUNT | flags.ONLYDIR)
_DELETED = " (deleted)"


def opened(folder: Path) -> int:
    """Return a descriptor of ``folder``, which must not be a symbolic link.

    Raises:
        OSError: the path does not exist, or is not a folder.
    """
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def is_at(path: Path, descriptor: int) -> bool:
    """Return whether ``path`` is the same folder that ``descriptor`` has open."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except OSError:
        return False


def remove(path: Path, descriptor: int) -> None:
    """Remove the folder that ``descriptor`` has open, wherever it is now, and no other folder.

    Args:
        path: the path at which the folder was created.
        descriptor: descriptor of the folder.
    """
    # If no further descriptor can be opened, the content stays.
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
    """Remove the empty folder at ``path`` if it is that of ``descriptor``; return whether it is."""
    if not is_at(path, descriptor):
        return False
    # A new folder may have replaced it since the check. rmdir(2) removes only empty folders, and a new folder is empty
    # only for the moment until it is locked.
    with suppress(OSError):
        path.rmdir()
    return True


class Foothold:
    """Watches whether a folder stays where it is.

    Args:
        path: path of the folder.
        descriptor: descriptor of the folder; it must stay open while this object is used.
        arrivals: also report new entries in the folder as events.

    Attributes:
        readable: the objects to wait for; when one is readable, call ``stands``.
        seconds: the longest time between two calls of ``stands``, in seconds; None for no limit.
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
        # inotify(7) does not report a mount over the folder or a lazy unmount, but poll on this file does: proc(5).
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
        """Return whether the folder is where it was, and discard the events so far."""
        if self._changes is not None:
            self._changes.read(timeout=0)
        for events in self.readable:
            events.poll(0)
        return is_at(self.path, self._descriptor)

    def await_write(self, path: str) -> None:
        """Report the next write to the file at ``path`` as an event, once."""
        if self._changes is not None:
            # If no watch is left, there is no event.
            with suppress(OSError):
                self._changes.add_watch(path, flags.MODIFY | flags.ONESHOT)

    def close(self) -> None:
        """Stop watching; the folder's own descriptor stays open."""
        for events in self.readable:
            events.close()
        if self._changes is not None:
            self._changes.close()
        if self._mounts is not None:
            os.close(self._mounts)
        self.readable, self._changes, self._mounts = [], None, None
