"""End a tool that stalls in the middle of a call, so that the call ends too: gRPC itself waits for ever."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional, Tuple, Type

import psutil

from casa_desktop import threads

from .children import Child

# Seconds between two looks, and for the answer.
PERIOD = 4.0
# A tool without a window that answers and has done nothing at so many looks in a row has lost what it was to do.
LOOKS = 3
# To answer takes a moment, too: in seconds, and in bytes read.
_LITTLE = (0.02, 4096)


class Watchdog:
    """Watches one tool within a with block.

    A tool that computes or reads is left alone however long it takes, and so is one that waits for a disk or for
    its user. One that does neither and does not answer either is stalled, and killed; and so is one without a user that
    answers and does nothing: when casaviewer's memory is at its limit, its windows' thread loses the work, and another
    one waits for its result for ever and goes on to answer (2.4.4).

    Args:
        child: the tool.
        answers: asks the tool whether it is there, for at most so many seconds.
        has_user: it has a window, at which it may wait for its user.

    Attributes:
        barked: the tool was killed.
    """

    def __init__(self, child: Child, answers: Callable[[float], bool], has_user: bool) -> None:
        self._child, self._answers, self._has_user = child, answers, has_user
        self._over = threading.Event()
        self.barked = False

    def __enter__(self) -> Watchdog:
        # Not waited for: it may be waiting for an answer that no longer matters.
        threads.start(self._watch)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        try:
            process, before, idle = psutil.Process(self._child.process.pid), None, 0
            while not self._over.wait(PERIOD):
                now = _work(process)
                idle = idle + 1 if _is_little(before, now) else 0
                if idle and self._is_stalled(idle) and not self._over.is_set():
                    self.barked = True
                    self._child.kill()
                    return
                before = now
        except psutil.NoSuchProcess:
            return

    def _is_stalled(self, idle: int) -> bool:
        return (idle >= LOOKS and not self._has_user) or not self._answers(PERIOD)


class Idleness:
    """How long a tool that should be at work has done nothing, by looks at it from time to time.

    Args:
        child: the tool.
    """

    def __init__(self, child: Child) -> None:
        self._pid = child.process.pid
        self._before: Optional[Tuple[float, int]] = None
        self._since = time.monotonic()

    def look(self) -> float:
        """Return for how long it has done nothing by now, in seconds; 0 if it has ended."""
        now = None
        with suppress(psutil.NoSuchProcess):
            now = _work(psutil.Process(self._pid))
        if not _is_little(self._before, now):
            self._before, self._since = now, time.monotonic()
        return time.monotonic() - self._since


def _is_little(before: Optional[Tuple[float, int]], now: Optional[Tuple[float, int]]) -> bool:
    if before is None or now is None:
        return False
    return now[0] - before[0] <= _LITTLE[0] and now[1] - before[1] <= _LITTLE[1]


def _work(process: psutil.Process) -> Optional[Tuple[float, int]]:
    """Return a measure of what a process has done; None if it waits for a disk, or may not be looked at."""
    try:
        with process.oneshot():
            times = process.cpu_times()
            done = (times.user + times.system, process.io_counters().read_chars)
            return None if _waits_for_disk(process.pid) else done
    except psutil.AccessDenied:
        return None


def _waits_for_disk(pid: int) -> bool:
    """Tell whether a thread of a process waits for a disk; the one that draws is not its first."""
    states = set()
    for each in Path(f"/proc/{pid}/task").glob("*/stat"):
        # It may be gone by now.
        with suppress(OSError):
            # The name before the state may hold blanks and brackets. Source: proc_pid_stat(5).
            states.add(each.read_text().rpartition(") ")[2][:1])
    return "D" in states
