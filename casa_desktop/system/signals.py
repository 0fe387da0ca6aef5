"""Signals as events: a descriptor becomes readable when a signal arrives; and other handlers for a while."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, List, Optional, Sequence

Handler = Callable[[int, Optional[FrameType]], object]

# For sigaction(2)'s structure, on each machine that Linux knows.
_ENOUGH = 1024
_libc = ctypes.CDLL(None, use_errno=True)


class Signals:
    """Collect signals of this process until it ends. Create it in the main thread.

    Args:
        numbers: the signals to collect; they have no other effect.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._reader, self._writer = os.pipe()
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _nothing)

    def fileno(self) -> int:
        """Return the descriptor that is readable when signals have arrived."""
        return self._reader

    def take(self) -> List[int]:
        """Return the signals that have arrived since the last call, in order."""
        try:
            return list(os.read(self._reader, 4096))
        except BlockingIOError:
            return []


@contextmanager
def replaced(number: int, around: Callable[[Handler], Handler]) -> Iterator[None]:
    """Have another handler for a signal within a with block.

    Only the main thread may change handlers, and only Python's own can be called: there is no effect elsewhere.

    Args:
        number: the signal.
        around: returns the handler, given the former one.
    """
    former = signal.getsignal(number) if threading.current_thread() is threading.main_thread() else None
    if not callable(former):
        yield
        return
    action = ctypes.create_string_buffer(_ENOUGH)
    _libc.sigaction(number, None, action)
    signal.signal(number, around(former))
    try:
        yield
    finally:
        signal.signal(number, former)
        # signal.signal has system calls interrupted from now on, also where they were to be restarted.
        _libc.sigaction(number, action, None)


def _nothing(*_: object) -> None:
    # The number has been written to the wakeup descriptor already: signal.set_wakeup_fd.
    pass
