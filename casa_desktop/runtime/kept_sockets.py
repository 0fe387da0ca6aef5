"""Keep the sockets of a running kernel reachable when their folder is removed.

A kernel with hours of work in its memory continues to listen; only the names of its sockets have gone, so that no
process can make a new connection. The process that holds the lock of the kernel's rendezvous folder (its host helper,
or its container's launcher) has each socket open with ``O_PATH``, and creates links to the sockets with the old names:
connect(2) follows a link to ``/proc/PID/fd/N`` to the same socket. If that process is killed, its links lead nowhere;
the next one gets the same descriptors and replaces the links.
"""

from __future__ import annotations

import math
import os
import select
import stat
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Callable, Dict, List

from ..system import locks
from ..system.messages import Word
from ..system.open_folder import Foothold
from . import location
from .rendezvous import HARBOUR, Berth

# How long a program that removes the folder gets to finish, in seconds.
_SETTLING_SECONDS = 1.0
# If the folder cannot be made now, the next attempt follows after this time.
_AGAIN_SECONDS = 30.0


class Mooring:
    """The sockets in one rendezvous folder, kept reachable while the kernel lives.

    Args:
        berth: the folder as it was created.
        descriptor: descriptor of its lock.
        tell: called with each new socket and its name, and with each new folder and its lock, as a message for the
            process that may have to take over.

    Attributes:
        berth: the folder at its present path.
        descriptor: descriptor of the present folder's lock.
        due: when ``mend`` must be called, in seconds of ``time.monotonic()``.
    """

    def __init__(
        self, berth: Berth, descriptor: int, tell: Callable[[Word, List[int]], None] = lambda _word, _descriptors: None
    ) -> None:
        self.berth, self.descriptor, self._tell = berth, descriptor, tell
        self.due = math.inf
        self._sockets: Dict[str, int] = {}
        self._events = select.epoll()
        self._moor()

    def _moor(self) -> None:
        self._foothold = Foothold(self.berth.folder, self.descriptor, arrivals=True)
        for each in self._foothold.readable:
            self._events.register(each, select.EPOLLIN)
        self._look()

    def _look(self) -> None:
        self._take_sockets()
        self.due = math.inf if self._foothold.seconds is None else time.monotonic() + self._foothold.seconds

    def fileno(self) -> int:
        """Return the descriptor to wait for; when it is readable, call ``take_events``."""
        return self._events.fileno()

    def take_events(self) -> None:
        """Open new sockets, and schedule ``mend`` if the folder or a socket is missing."""
        whole = self._is_whole()
        self._take_sockets()
        if not whole:
            self.due = min(self.due, time.monotonic() + _SETTLING_SECONDS)

    def _take_sockets(self) -> None:
        with suppress(OSError):
            for name in os.listdir(self.descriptor):
                if name not in self._sockets and _is_socket(name, self.descriptor):
                    self._sockets[name] = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=self.descriptor)
                    self._tell(Word("socket", name), [self._sockets[name]])

    def take_over(self, name: str, descriptor: int) -> None:
        """Take a socket that a former process had open; ``take_events`` follows."""
        if name in self._sockets:
            os.close(descriptor)
        else:
            self._sockets[name] = descriptor

    def move_to(self, berth: Berth, descriptor: int) -> None:
        """Take a folder that a former process made in place of the first one, and its lock; ``take_events`` follows."""
        self.berth, self.descriptor = berth, descriptor
        self._foothold.close()
        self._moor()

    def _is_whole(self) -> bool:
        stands = self._foothold.stands()
        return stands and all(map(self._is_reached, self._sockets))

    def _is_reached(self, name: str) -> bool:
        """Return whether a name leads to its socket, as far as we know: only our links may lead elsewhere."""
        path = self.berth.folder / name
        if not path.is_symlink():
            return os.path.lexists(path)
        with suppress(OSError):
            return os.path.samestat(os.stat(path), os.fstat(self._sockets[name]))
        return False

    def close(self) -> None:
        """Close the sockets; the lock stays held."""
        self._foothold.close()
        self._events.close()
        for descriptor in self._sockets.values():
            os.close(descriptor)

    def mend(self) -> None:
        """Create the folder again if it is missing, and links for the sockets that are missing in it."""
        self._look()
        if not self._foothold.stands() and not self._make_again():
            self.due = time.monotonic() + _AGAIN_SECONDS
            return
        for name, descriptor in self._sockets.items():
            # A socket whose name exists needs no link.
            if not self._is_reached(name):
                with suppress(OSError):
                    _link(self.berth.folder / name, descriptor)

    def _make_again(self) -> bool:
        """Create the folder where it was; else, as after a logout, where ``runtime.rendezvous.present`` looks next."""
        for root in (self.berth.folder.parent.parent, location.configured_root()):
            folder = root / HARBOUR / self.berth.folder.name
            with suppress(OSError):
                # The former lock stays held, because its folder may still exist at another path.
                self.move_to(Berth(folder), _made_and_held(folder))
                self._tell(Word("berth", str(folder)), [self.descriptor])
                return True
        return False


def _made_and_held(folder: Path) -> int:
    """Create and lock a rendezvous folder and what is missing above it; return the lock's descriptor.

    Raises:
        OSError: it cannot be created or locked, or other users can enter it; then nothing that was created here is
            left, because the next attempt would take an empty folder for another kernel's.
    """
    root = folder.parent.parent
    with ExitStack() as undo:
        for each in (root, folder.parent):
            with suppress(FileExistsError):
                _make(each, undo)
        if not location.is_private(root):
            raise PermissionError(str(root))
        _make(folder, undo)
        descriptor = locks.hold(folder)
        undo.pop_all()
    return descriptor


def _make(folder: Path, undo: ExitStack) -> None:
    folder.mkdir(mode=0o700)
    undo.callback(_remove_if_empty, folder)


def _remove_if_empty(folder: Path) -> None:
    # Another process may use it already.
    with suppress(OSError):
        folder.rmdir()


def _link(path: Path, descriptor: int) -> None:
    if path.is_symlink():
        path.unlink()
    path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")


def _is_socket(name: str, folder: int) -> bool:
    return stat.S_ISSOCK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
