"""Let a thread sleep until a file or folder changes: inotify(7), with a pipe to wake the thread for other reasons.

This module does not import Jupyter, and runs on Python 3.8.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Optional

from . import descriptors
from .inotify import Watches


class Alarm:
    """Wake one waiting thread. Any thread may call ``arm`` and ``ring``.

    If inotify has no instance or watch left, the thread is woken periodically while it arms paths.

    Args:
        seconds: the period, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self._pipe_out, self._pipe_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._watches, self._seconds = Watches(), seconds
        self._waiter: Optional[int] = None
        self._blind = False

    def open(self) -> None:
        """Begin to watch. Call it in the waiting thread, before paths are armed.

        ``__init__`` does not do this, because inotify_simple starts a process to find libc.
        """
        self._watches.begin()
        self._waiter = threading.get_ident()

    def arm(self, path: str, mask: int) -> None:
        """Wake the thread when an event of ``mask`` happens at ``path``; ignore a path that does not exist.

        Args:
            path: a file or folder; it may be armed already.
            mask: the events, a mask of ``inotify_simple.flags``. With ONESHOT, even a million events wake the thread
                only once, until the path is armed again.
        """
        if self._waiter is None:
            return
        with suppress(OSError):
            if self._watches.add(path, mask) is None:
                self._blind = True
                if threading.get_ident() != self._waiter:
                    # Otherwise it might sleep for ever.
                    self.ring()

    def ring(self) -> None:
        """Wake the thread now."""
        # A full pipe wakes the thread, too.
        with suppress(BlockingIOError):
            os.write(self._pipe_in, b".")

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Sleep until woken, or for ``seconds`` at most; return whether the thread was woken."""
        by_turns = self._blind and seconds is None
        if self._blind:
            self._blind = False
            # An inotify instance may be available again.
            self._watches.begin()
        sources = [self._pipe_out, *self._watches.readable]
        ready = descriptors.readable(sources, self._seconds if by_turns else seconds)
        if self._pipe_out in ready:
            os.read(self._pipe_out, 65536)
        self._watches.read()
        return bool(ready) or by_turns

    def close(self) -> None:
        """Close the descriptors; only the waiting thread may call this."""
        self._watches.close()
        os.close(self._pipe_out)
        os.close(self._pipe_in)
