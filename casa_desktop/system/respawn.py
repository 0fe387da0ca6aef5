"""Restarts child processes, with exponential back-off.

This module waits for nothing itself. The caller calls ``reap`` on SIGCHLD, or passes the results of waitpid(2) to
``take``, and calls ``mend`` when that is due.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from subprocess import SubprocessError
from typing import Callable, List, Optional

from ..errors import CasaDesktopError

# The pause doubles with each failure of the last minute, from the first value up to the second.
FIRST_SECONDS, LONGEST_SECONDS = 0.1, 30.0
RECENT_SECONDS = 60.0
# Batch systems suspend processes one by one; wait this long before a stopped child counts as failed.
STOPPED_SECONDS = 1.0


class Setbacks:
    """Count the failures of the last ``RECENT_SECONDS``. All times are in seconds of one clock."""

    def __init__(self) -> None:
        self._times: List[float] = []

    def note(self, now: float) -> float:
        """Record a failure; return the pause before the next attempt, in seconds."""
        self._times = [each for each in self._times if now - each < RECENT_SECONDS] + [now]
        return min(FIRST_SECONDS * 2.0 ** (len(self._times) - 1), LONGEST_SECONDS)

    def __len__(self) -> int:
        return len(self._times)


class Child:
    """A child process that is restarted when it ends, and continued when it is stopped.

    Args:
        begin: starts the process and returns its process id. It may raise CasaDesktopError, OSError, MemoryError or
            SubprocessError.
        say: writes a sentence to the log.

    Attributes:
        pid: the process id; None while no process runs.
        due: when ``mend`` must be called, in seconds of ``time.monotonic()``; None while nothing is to be done.
        ends: the recent ends of the process.
    """

    def __init__(self, begin: Callable[[], int], say: Callable[[str], None]) -> None:
        self._begin, self._say = begin, say
        self.pid: Optional[int] = None
        self.due: Optional[float] = None
        self.ends, self._stops = Setbacks(), Setbacks()

    def start(self) -> None:
        """Start the process; if that fails, schedule another attempt."""
        self.due = None
        try:
            self.pid = self._begin()
        except (CasaDesktopError, OSError, MemoryError, SubprocessError) as error:
            self._say(str(error) or type(error).__name__)
            self.fail()

    def start_in(self, seconds: float) -> None:
        """Schedule the start of the process after ``seconds``."""
        self.due = time.monotonic() + seconds

    def fail(self) -> None:
        """Record that the process has ended or could not be started, and schedule the next start."""
        now = time.monotonic()
        self.pid, self.due = None, now + self.ends.note(now)

    def take(self, pid: int, status: int) -> bool:
        """Process a result of waitpid(2); return whether this child has ended."""
        if pid != self.pid:
            return False
        if os.WIFSTOPPED(status):
            now = time.monotonic()
            self.due = now + max(self._stops.note(now), STOPPED_SECONDS)
        elif os.WIFCONTINUED(status):
            self.due = None
        else:
            self.fail()
            return True
        return False

    def reap(self) -> None:
        """Wait without blocking for this child alone, and process the results; others wait for their own children."""
        while self.pid is not None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if pid == 0:
                return
            self.take(pid, status)

    def is_due(self) -> bool:
        """Return whether ``mend`` must be called now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Start the process if it has ended; continue it if it was stopped."""
        if self.pid is None:
            self.start()
            return
        self.due = None
        self.signal(signal.SIGCONT)

    def drop(self) -> None:
        """Kill the process without restarting it."""
        self.signal(signal.SIGKILL)
        self.pid = self.due = None

    def signal(self, number: int) -> None:
        """Send the process a signal, if it runs."""
        if self.pid is not None:
            # Until its end is recorded here the process is at least a zombie, so its id cannot belong to another one.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
