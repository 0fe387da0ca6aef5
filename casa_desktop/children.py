"""Children that are to be there for as long as their parent: one that ends or is stopped is due again after a pause.

Waits for nothing itself: it is told what has happened to them, and says when there is something to be done.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from subprocess import SubprocessError
from typing import Callable, List, Optional

from .errors import CasaDesktopError

# The pauses grow from the first to the longest with each setback of the last minute.
FIRST_SECONDS, LONGEST_SECONDS = 0.1, 30.0
RECENT_SECONDS = 60.0
# Who suspends a whole session, as batch systems do, stops one process after the other: so long he has for the parent.
STOPPED_SECONDS = 1.0


class Setbacks:
    """How often something has gone wrong of late. All times are in seconds of one clock."""

    def __init__(self) -> None:
        self._times: List[float] = []

    def note(self, now: float) -> float:
        """Take note of one more; return the pause after it."""
        self._times = [each for each in self._times if now - each < RECENT_SECONDS] + [now]
        return min(FIRST_SECONDS * 2.0 ** (len(self._times) - 1), LONGEST_SECONDS)

    def __len__(self) -> int:
        return len(self._times)


class Child:
    """One such process.

    Args:
        begin: starts it, and returns its process id. It may raise CasaDesktopError, OSError, MemoryError or
            SubprocessError.
        say: takes a sentence for the log.

    Attributes:
        pid: its process id; None while there is none.
        due: when ``mend`` has something to do, in seconds of ``time.monotonic()``; None while all is well.
        ends: how often it has ended of late.
    """

    def __init__(self, begin: Callable[[], int], say: Callable[[str], None]) -> None:
        self._begin, self._say = begin, say
        self.pid: Optional[int] = None
        self.due: Optional[float] = None
        self.ends, self._stops = Setbacks(), Setbacks()

    def start(self) -> None:
        """Start it, or try again later."""
        self.due = None
        try:
            self.pid = self._begin()
        except (CasaDesktopError, OSError, MemoryError, SubprocessError) as error:
            self._say(str(error) or type(error).__name__)
            self.fail()

    def start_in(self, seconds: float) -> None:
        """Have it started so much later."""
        self.due = time.monotonic() + seconds

    def fail(self) -> None:
        """Take note that it has ended, or could not be started."""
        now = time.monotonic()
        self.pid, self.due = None, now + self.ends.note(now)

    def take(self, pid: int, status: int) -> bool:
        """Take note of what waitpid(2) says; return whether it is this child that has ended."""
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

    def is_due(self) -> bool:
        """Tell whether ``mend`` has something to do now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Start it if it has ended; let it go on if it was stopped."""
        if self.pid is None:
            self.start()
            return
        self.due = None
        self.signal(signal.SIGCONT)

    def drop(self) -> None:
        """Kill it, and do not start it again."""
        self.signal(signal.SIGKILL)
        self.pid = self.due = None

    def signal(self, number: int) -> None:
        """Send it a signal, if it is there."""
        if self.pid is not None:
            # Until its end is taken note of here it is a zombie at least, and the number nobody else's.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
