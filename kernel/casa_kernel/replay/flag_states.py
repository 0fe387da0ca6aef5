"""The states of one table's flags while its flagging is watched, and the proof that nobody else has changed them.

Casacore counts the changes of each part of a table (``table_locks``). plotms makes one for each flagging that it logs.
If there were as many changes since a state as flaggings, then these made what differs. Otherwise nothing is kept.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple, Tuple

from casa_desktop.handwork.flags import State

from ..casa import flag_columns
from ..casa.flag_columns import Unreadable
from . import table_locks

# plotms logs a flagging at the latest this long after it gave back its lock, in seconds; 0.15 were seen.
_LOGGED_WITHIN = 30.0
_TRIES = 5


class Snapshot(NamedTuple):
    """The flags of a table at a moment.

    Attributes:
        counts: of the changes by then, of the parts that store FLAG and FLAG_ROW.
        state: the flags.
        when: the moment before they were read, in seconds of the system's clock.
        settled: no flagging that is contained in them can still be logged.
    """

    counts: Tuple[int, ...]
    state: State
    when: float
    settled: bool


class WatchedTable:
    """One MeasurementSet.

    Attributes:
        path: its real path.
        last: its flags when they were last read.
    """

    def __init__(self, path: str) -> None:
        """Read the flags; Unreadable if that is impossible."""
        self.path = os.path.realpath(path)
        self._positions = flag_columns.positions(self.path)
        self.last = self._read(settled=False)

    def _counts(self) -> Tuple[int, ...]:
        try:
            found = table_locks.counts(self.path)
            return tuple(found[each] if found else 0 for each in self._positions)
        except (OSError, ValueError, IndexError) as error:
            raise Unreadable("its table.lock does not tell how often it was changed") from error

    @property
    def changes(self) -> int:
        """How often the flags were changed since they were last read; Unreadable if the table does not say."""
        return max(now - then for now, then in zip(self._counts(), self.last.counts))

    def _read(self, settled: bool) -> Snapshot:
        for _ in range(_TRIES):
            when, counts = time.time(), self._counts()
            quiet = when - os.stat(f"{self.path}/table.lock").st_mtime > _LOGGED_WITHIN
            state = flag_columns.state(self.path)
            if self._counts() == counts:
                return Snapshot(counts, state, when, settled or quiet)
        raise Unreadable("it changes while it is read")

    def look(self, *, settled: bool = False) -> Snapshot:
        """Return the flags as they are now, without taking them for known.

        Args:
            settled: all changes by now have been logged.

        Raises:
            Unreadable: they cannot be read now.
        """
        return self._read(settled) if self.changes or (settled and not self.last.settled) else self.last

    def since(self, snapshot: Snapshot) -> int:
        """Return how often the flags were changed from when they were last read to a snapshot."""
        return max(now - then for now, then in zip(snapshot.counts, self.last.counts))

    def may_hold_earlier(self, began: float) -> bool:
        """Return whether the flags as last read may hold a flagging that began at a moment and is logged only now."""
        return not self.last.settled and self.last.when >= began
