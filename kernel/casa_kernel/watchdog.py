"""End a tool that stalls in the middle of a call, so that the call ends too: gRPC itself waits for ever."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Callable, Optional, Tuple, Type

import psutil

from .children import Child

# Seconds between two looks, and for the answer.
PERIOD = 4.0


class Watchdog:
    """Watches one tool within a with block.

    A tool that computes or reads is left alone however long it takes, and so is one that waits for a disk or for
    its user. One that does neither and does not answer either is stalled, and killed.

    Args:
        child: the tool.
        answers: asks the tool whether it is there, for at most so many seconds.

    Attributes:
        barked: the tool was killed.
    """

    def __init__(self, child: Child, answers: Callable[[float], bool]) -> None:
        self._child, self._answers = child, answers
        self._over = threading.Event()
        self.barked = False

    def __enter__(self) -> Watchdog:
        # A daemon, and not waited for: it may be waiting for an answer that no longer matters.
        threading.Thread(target=self._watch, name="casa-watchdog", daemon=True).start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        try:
            process, before = psutil.Process(self._child.process.pid), None
            while not self._over.wait(PERIOD):
                now = _work(process)
                if now is not None and now == before and not self._answers(PERIOD) and not self._over.is_set():
                    self.barked = True
                    self._child.kill()
                    return
                before = now
        except psutil.NoSuchProcess:
            return


def _work(process: psutil.Process) -> Optional[Tuple[float, float, int]]:
    """Return a measure of what a process has done; None if it waits for a disk, or may not be looked at."""
    try:
        with process.oneshot():
            times = process.cpu_times()
            waits = process.status() == psutil.STATUS_DISK_SLEEP
            return None if waits else (times.user, times.system, process.io_counters().read_chars)
    except psutil.AccessDenied:
        return None
