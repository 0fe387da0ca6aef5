"""Stops a run by signals: the first interrupts the cell, and all until then is saved; the second ends it at once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import Any, Callable, Iterator

# SIGUSR1 is how Slurm warns, SIGTERM how it and most others end a job, SIGHUP comes with the end of a terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
# Native code may not see the interrupt; who sent SIGTERM will often kill after 30 s.
_PATIENCE = 20.0


class Stop:
    """Whether a run is to stop.

    Attributes:
        asked: whether it is.
        name: the signal that asked for it.
        forced: done when it must end at once: asked twice, or the interrupted cell has not ended in time.
    """

    def __init__(self) -> None:
        self.asked, self.name = False, ""
        self.forced: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @contextmanager
    def listening(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Take the signals within a with block; ``interrupt`` is called at the first."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._take, number, interrupt)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _take(self, number: signal.Signals, interrupt: Callable[[], None]) -> None:
        if self.asked:
            self.force()
            return
        self.asked, self.name = True, number.name
        asyncio.get_running_loop().call_later(_PATIENCE, self.force)
        interrupt()

    async def or_forced(self, work: asyncio.Future[Any]) -> None:
        """Wait until some work is done, or the run must end at once."""
        await asyncio.wait([work, self.forced], return_when=asyncio.FIRST_COMPLETED)

    def force(self) -> None:
        """Let the run end at once."""
        if not self.forced.done():
            self.forced.set_result(None)
