"""Signals as events: a descriptor becomes readable when a signal arrives."""

from __future__ import annotations

import os
import signal
from typing import List, Sequence


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


def _nothing(*_: object) -> None:
    # The number has been written to the wakeup descriptor already: signal.set_wakeup_fd.
    pass
