"""What a thread sleeps on until a file or folder changes: inotify(7), and a pipe for those who have other news.

No Jupyter here, and Python 3.8 is enough.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Optional

from . import descriptors
from .watches import Watches


class Alarm:
    """Wakes the one thread that waits. Any thread may arm and ring it.

    Where inotify has nothing to give, the thread is woken every so often, for as long as it arms something.

    Args:
        seconds: how often.
    """

    def __init__(self, seconds: float) -> None:
        self._pipe_out, self._pipe_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._watches, self._seconds = Watches(), seconds
        self._waiter: Optional[int] = None
        self._blind = False

    def open(self) -> None:
        """Begin to watch, in the thread that waits; files may be armed then.

        Not done when this is made, because the library looks for libc with a process of its own.
        """
        self._watches.begin()
        self._waiter = threading.get_ident()

    def arm(self, path: str, mask: int) -> None:
        """Wake the thread when there is such an event at ``path``; nothing happens where nothing is there.

        Args:
            path: a file or folder; it may be armed already.
            mask: the events, as ``inotify_simple.flags`` names them. With ONESHOT a million of them between two looks
                wake the thread one time.
        """
        if self._waiter is None:
            return
        with suppress(OSError):
            if self._watches.add(path, mask) is None:
                self._blind = True
                if threading.get_ident() != self._waiter:
                    # It may sleep without end.
                    self.ring()

    def ring(self) -> None:
        """Wake the thread now."""
        # A full pipe wakes it too.
        with suppress(BlockingIOError):
            os.write(self._pipe_in, b".")

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Sleep until woken, or for so many seconds; tell whether it was woken."""
        by_turns = self._blind and seconds is None
        if self._blind:
            self._blind = False
            # There may be an instance again.
            self._watches.begin()
        sources = [self._pipe_out, *self._watches.readable]
        ready = descriptors.readable(sources, self._seconds if by_turns else seconds)
        if self._pipe_out in ready:
            os.read(self._pipe_out, 65536)
        self._watches.read()
        return bool(ready) or by_turns

    def close(self) -> None:
        """End it; only the thread that waits may do so."""
        self._watches.close()
        os.close(self._pipe_out)
        os.close(self._pipe_in)
