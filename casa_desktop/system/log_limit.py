"""Limit the size of a log while programs write to it.

The programs have the file open for appending until they end. So the file must stay, and its oldest part is removed in
place. fallocate(2) does that in one step, so nothing that is written meanwhile is lost: ext4 and XFS remove the part;
tmpfs and other file systems leave a hole that uses no space.
"""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from typing import Callable, Optional

# The largest size of a log, and the size to which it is cut, in bytes. Only whole blocks can be removed; a multiple of
# this block size suits every file system.
MOST, KEPT = 8 << 20, 1 << 20
_BLOCK = 1 << 20
# The size is checked once for all that is written within this time, in seconds.
PAUSE_SECONDS = 0.5
_KEEP_SIZE, _PUNCH_HOLE, _COLLAPSE_RANGE = 1, 2, 8
_libc = ctypes.CDLL(None, use_errno=True)


def cut(descriptor: int) -> None:
    """Remove the oldest part of a log that uses more than ``MOST`` bytes.

    Args:
        descriptor: descriptor of the log, open for reading and appending.

    Raises:
        OSError: the log cannot be cut.
    """
    found = os.fstat(descriptor)
    if found.st_blocks * 512 <= MOST:
        return
    oldest = (found.st_size - KEPT) // _BLOCK * _BLOCK
    for mode in (_COLLAPSE_RANGE, _PUNCH_HOLE | _KEEP_SIZE):
        if _fallocate(descriptor, mode, oldest):
            return
    # The file system supports neither. What is written between the following two steps is lost.
    newest = os.pread(descriptor, found.st_size, oldest)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, newest)


def _fallocate(descriptor: int, mode: int, length: int) -> bool:
    numbers = (ctypes.c_int(descriptor), ctypes.c_int(mode), ctypes.c_int64(0), ctypes.c_int64(length))
    return bool(_libc.fallocate(*numbers) == 0)


def newest(descriptor: int, size: int = 1 << 16) -> str:
    """Return the last ``size`` bytes of a log as text, without a preceding hole.

    Args:
        descriptor: descriptor of the log, open for reading.
        size: number of bytes.
    """
    start = max(os.fstat(descriptor).st_size - size, 0)
    return os.pread(descriptor, size, start).lstrip(b"\0").decode(errors="replace")


class LogLimit:
    """Cut a log when it has grown too long; cause no activity while nothing is written.

    Args:
        descriptor: descriptor of the log, open for reading and appending.
        await_write: requests one event for the next write to a path; the caller calls ``look`` after that event.

    Attributes:
        due: when ``mend`` must be called, in seconds of ``time.monotonic()``; None while nothing is written.
    """

    def __init__(self, descriptor: int, await_write: Callable[[str], None]) -> None:
        self._descriptor, self._await_write = descriptor, await_write
        self._seen = -1
        self.due: Optional[float] = None
        self.look()

    def _size(self) -> int:
        # The event is requested before the size is read, so that no later write is missed.
        self._await_write(f"/proc/self/fd/{self._descriptor}")
        return os.fstat(self._descriptor).st_size

    def look(self) -> None:
        """Check whether the log has grown; call it after any event."""
        if self.due is None and self._size() != self._seen:
            self.due = time.monotonic() + PAUSE_SECONDS

    def is_due(self) -> bool:
        """Return whether ``mend`` must be called now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Cut the log if it is too long, and request an event for the next write."""
        self.due = None
        with suppress(OSError):
            self._size()
            cut(self._descriptor)
            self._seen = self._size()
