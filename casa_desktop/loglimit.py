"""Keeps a log from growing without limit while programs write into it.

They have it open for appending, each for as long as it lives: so the file stays, and its oldest part is taken out from
under them. fallocate(2) does that in one step, in which nothing that is written meanwhile can be lost: ext4 and XFS cut
the part out, tmpfs and others leave a hole that takes no room.
"""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from typing import Callable, Optional

# A log may have so many bytes, and is cut to the newest. Whole blocks alone can be cut out, of any file system's size.
MOST, KEPT = 8 << 20, 1 << 20
_BLOCK = 1 << 20
# Whatever is written within this time is looked at once, in seconds.
PAUSE_SECONDS = 0.5
_KEEP_SIZE, _PUNCH_HOLE, _COLLAPSE_RANGE = 1, 2, 8
_libc = ctypes.CDLL(None, use_errno=True)


def cut(descriptor: int) -> None:
    """Take the oldest part out of a log that has more than ``MOST`` bytes.

    Args:
        descriptor: of the log, open for reading and appending.

    Raises:
        OSError: it cannot be cut.
    """
    found = os.fstat(descriptor)
    if found.st_blocks * 512 <= MOST:
        return
    oldest = (found.st_size - KEPT) // _BLOCK * _BLOCK
    for mode in (_COLLAPSE_RANGE, _PUNCH_HOLE | _KEEP_SIZE):
        if _fallocate(descriptor, mode, oldest):
            return
    # Neither is known there. What is written between these two steps is lost.
    newest = os.pread(descriptor, found.st_size, oldest)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, newest)


def _fallocate(descriptor: int, mode: int, length: int) -> bool:
    numbers = (ctypes.c_int(descriptor), ctypes.c_int(mode), ctypes.c_int64(0), ctypes.c_int64(length))
    return bool(_libc.fallocate(*numbers) == 0)


def newest(descriptor: int, size: int = 1 << 16) -> str:
    """Return the last ``size`` bytes of a log as text, without a hole before them.

    Args:
        descriptor: of the log, open for reading.
        size: how many.
    """
    start = max(os.fstat(descriptor).st_size - size, 0)
    return os.pread(descriptor, size, start).lstrip(b"\0").decode(errors="replace")


class LogLimit:
    """Cuts a log when it has grown too long; sleeps while nothing is written.

    Args:
        descriptor: of the log, open for reading and appending.
        await_write: is called to have the next writing into a path be an event, once; ``look`` is due then.

    Attributes:
        due: when ``mend`` has something to do, in seconds of ``time.monotonic()``; None while nothing is written.
    """

    def __init__(self, descriptor: int, await_write: Callable[[str], None]) -> None:
        self._descriptor, self._await_write = descriptor, await_write
        self._seen = -1
        self.due: Optional[float] = None
        self.look()

    def _size(self) -> int:
        # Before looking: what is written later is told of.
        self._await_write(f"/proc/self/fd/{self._descriptor}")
        return os.fstat(self._descriptor).st_size

    def look(self) -> None:
        """Take note of what was written; to be called after any event."""
        if self.due is None and self._size() != self._seen:
            self.due = time.monotonic() + PAUSE_SECONDS

    def is_due(self) -> bool:
        """Tell whether ``mend`` has something to do now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Cut the log if it is too long, and wait for more."""
        self.due = None
        with suppress(OSError):
            self._size()
            cut(self._descriptor)
            self._seen = self._size()
