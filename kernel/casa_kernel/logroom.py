"""Room for CASA's log: where there was none, the log must be opened anew to be written again."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from . import checks


class LogRoom:
    """Looks after the room for the log, before and after each cell.

    CASA's stream stays in error once it could not write (casatools 6.7.0): what was said while the disk was full is
    lost, and so would be all that is said afterwards.

    Args:
        logfile: returns the path of CASA's log.
        reopen: has CASA open its log anew.
        say: tells the user, once, that there is no room.
    """

    def __init__(self, logfile: Callable[[], str], reopen: Callable[[], None], say: Callable[[str], None]) -> None:
        self._logfile, self._reopen, self._say = logfile, reopen, say
        self._full = False

    def look(self) -> None:
        """Take note of a disk that is full, and open the log anew when it no longer is."""
        before, self._full = self._full, checks.is_full(Path(self._logfile()).parent)
        if self._full and not before:
            self._say(f"CASA's log is not written for now: no room is left on the disk that holds {self._logfile()}.")
        elif before and not self._full:
            self._reopen()
