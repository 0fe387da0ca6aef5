"""Signals as events: a descriptor becomes readable, and tells which have come."""

from __future__ import annotations

import os
import signal
from typing import List, Sequence


class Signals:
    """Collects signals of this process, from its main thread, for as long as it lives.

    Args:
        numbers: those that are wanted; nothing else happens when they come.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._reader, self._writer = os.pipe()
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _nothing)

    def fileno(self) -> int:
        """Return the descriptor that is readable when some have come."""
        return self._reader

    def take(self) -> List[int]:
        """Return those that have come since the last time, in order."""
        try:
            return list(os.read(self._reader, 4096))
        except BlockingIOError:
            return []


def _nothing(*_: object) -> None:
    # The wakeup descriptor has told already: signal.set_wakeup_fd.
    pass
