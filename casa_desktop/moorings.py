"""Keeps the sockets of a running kernel within reach when the folder in which they lie is removed.

A kernel with hours of work in its memory listens on; only the names of its sockets have gone, so that nobody new can
connect. The process that holds the kernel's berth (its porter, or its container's launcher) has each socket open by
``O_PATH``, and links to them by their old names: connect(2) follows a link to ``/proc/PID/fd/N`` to the very socket.
"""

from __future__ import annotations

import math
import os
import select
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict

from . import locks, roots
from .berths import HARBOUR, Berth
from .folders import Foothold

# What removes a folder is let finish first, in seconds.
_SETTLING_SECONDS = 1.0
# Where there is no place now, there may be one later.
_AGAIN_SECONDS = 30.0


class Mooring:
    """One berth, as long as its kernel lives.

    Args:
        berth: where it was made.
        descriptor: its lock's.

    Attributes:
        berth: where it is now.
        descriptor: its lock's now.
        due: when ``mend`` is to be called, in seconds of ``time.monotonic()``.
    """

    def __init__(self, berth: Berth, descriptor: int) -> None:
        self.berth, self.descriptor = berth, descriptor
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
        """Return the descriptor to wait for: when it is readable, call ``take_events``."""
        return self._events.fileno()

    def take_events(self) -> None:
        """Take note of sockets that have come, and of a folder or a socket that has gone."""
        whole = self._is_whole()
        self._take_sockets()
        if not whole:
            self.due = min(self.due, time.monotonic() + _SETTLING_SECONDS)

    def _take_sockets(self) -> None:
        with suppress(OSError):
            for name in os.listdir(self.descriptor):
                if name not in self._sockets and _is_socket(name, self.descriptor):
                    self._sockets[name] = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=self.descriptor)

    def _is_whole(self) -> bool:
        stands = self._foothold.stands()
        return stands and all(os.path.lexists(self.berth.folder / name) for name in self._sockets)

    def close(self) -> None:
        """Let go of the sockets; the lock stays held."""
        self._foothold.close()
        self._events.close()
        for descriptor in self._sockets.values():
            os.close(descriptor)

    def mend(self) -> None:
        """Make the berth again, if it has gone, or what is missing in it."""
        self._look()
        if not self._foothold.stands() and not self._make_again():
            self.due = time.monotonic() + _AGAIN_SECONDS
            return
        for name, descriptor in self._sockets.items():
            # One that has its name already is whole.
            with suppress(OSError):
                (self.berth.folder / name).symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")

    def _make_again(self) -> bool:
        """Make the folder where it was; else, as after a logout, where Jupyter looks next (``berths.present``)."""
        for root in (self.berth.folder.parent.parent, roots.configured_root()):
            folder = root / HARBOUR / self.berth.folder.name
            with suppress(OSError):
                for each in (root, folder.parent):
                    each.mkdir(mode=0o700, exist_ok=True)
                if roots.is_private(root):
                    folder.mkdir(mode=0o700)
                    self._move_to(folder)
                    return True
        return False

    def _move_to(self, folder: Path) -> None:
        # The former lock stays held: its folder may still be somewhere.
        self.berth, self.descriptor = Berth(folder), locks.hold(folder)
        self._foothold.close()
        self._moor()


def _is_socket(name: str, folder: int) -> bool:
    return stat.S_ISSOCK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
