"""A process beside the kernel that keeps what is flagged by hand: ``python -m casa_kernel.replay.flag_keeper``.

It reads orders from its standard input and writes what happened to its standard output, a JSON object a line, and ends
when its standard input ends. It is a process of its own because flags take long to read, and because it reads
``table.lock``, which a process that has the table open in CASA must not.

It sleeps until the log of a window or the lock of a table is written to.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from inotify_simple import flags

from casa_desktop.system import descriptors
from casa_desktop.system.inotify import Watches

from ..casa import imports
from ..casa.flag_columns import Unreadable
from ..log.file import LogFile
from . import flag_keeping, flag_lines
from .flag_keeping import Window
from .flag_lines import Flagging
from .flag_states import Snapshot, WatchedTable

# A change that is not logged within this time, in seconds, was another task's, and the flags are read anew.
_QUIET = 2.0
# Without windows, it ends after this time, in seconds.
_LINGERS = 60.0
# A process that used no more than this of a processor meanwhile does nothing, in hundredths of a second.
_IDLE = 10


class Keeper:
    """Keeps the flaggings of all windows of one kernel.

    Args:
        tell: called with what happened: an object for the kernel, which names a window by its number.
    """

    def __init__(self, tell: Any) -> None:
        self._tell = tell
        self._windows: Dict[int, Window] = {}
        self._tables: Dict[str, WatchedTable] = {}
        self._logs: Dict[int, LogFile] = {}
        self._ends: Dict[int, int] = {}
        self._others: Dict[int, str] = {}
        # Flaggings that are logged, and not kept yet.
        self._pending: List[Tuple[Window, Flagging]] = []
        self._ticks: Dict[int, int] = {}
        self._watches = Watches()
        self._watches.begin()
        self._changed: Optional[float] = None

    @property
    def sources(self) -> List[int]:
        """The descriptors that wake it."""
        return [*self._watches.readable, *self._ends]

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to keep any more."""
        return not self._windows

    @property
    def due(self) -> Optional[float]:
        """In how many seconds it must look at the tables, or may end; None if nothing has changed."""
        if self.is_idle:
            return _LINGERS
        if self._watches.shortage is not None:
            return _QUIET
        return None if self._changed is None else max(0.0, self._changed + _QUIET - time.monotonic())

    # Orders

    def obey(self, order: Dict[str, Any]) -> None:
        """Do what the kernel orders."""
        window = Window.of(order)
        if order["do"] == "watch":
            self._watch(window)
        elif order["do"] == "begin":
            self._begin(window)
        elif order["do"] == "end":
            self._end(window, order["said"])

    def _watch(self, window: Window) -> None:
        """Keep the flaggings in a window from now on."""
        former = next((each for each in self._windows.values() if each.pid == window.pid), None)
        if former is not None:
            # The same window shows something else now, and perhaps still what it showed.
            window = replace(window, vis=(*window.vis, *(each for each in former.vis if each not in window.vis)))
            self._read_log(former.number)
            self._drop(former.number, keep=window)
            self._tell({"window": former.number, "kind": "closed"})
        self._windows[window.number] = window
        if not self._open(window):
            self._drop(window.number)
        elif not self._follow(window):
            self._lost(window, "the log of its window cannot be read")
            self._drop(window.number)
        else:
            self._tell({"window": window.number, "kind": "ready"})

    def _open(self, window: Window) -> bool:
        for path in window.vis:
            try:
                if path not in self._tables:
                    self._tables[path] = WatchedTable(path)
                    self._arm(path)
            except (Unreadable, OSError) as error:
                self._lost(window, str(error), path)
                return False
        return True

    def _arm(self, path: str) -> None:
        with suppress(OSError):
            self._watches.add(f"{path}/table.lock", flags.MODIFY)

    def _follow(self, window: Window) -> bool:
        file = LogFile.opened_by(window.pid, Path(window.log))
        if file is None:
            return False
        self._logs[window.number] = file
        self._watches.add(file.by_descriptor, flags.MODIFY)
        with suppress(AttributeError, OSError):
            # Before Python 3.9 there is none; then the window's end is not noticed, which costs memory only.
            self._ends[os.pidfd_open(window.pid)] = window.number
        return True

    def _begin(self, window: Window) -> None:
        """Remember the flags, because a task is about to change them."""
        self._windows[window.number] = window
        if self._open(window) and self._renewed(window):
            self._tell({"window": window.number, "kind": "ready"})
        else:
            self._drop(window.number)

    def _renewed(self, window: Window) -> bool:
        try:
            for path in window.vis:
                self._tables[path].last = self._tables[path].look()
        except Unreadable as error:
            self._lost(window, str(error))
            return False
        return True

    def _end(self, window: Window, said: List[str]) -> None:
        """Keep what a task has changed since ``_begin``."""
        if window.number in self._windows:
            for path in window.vis:
                before = self._tables[path].last
                if self._renewed(window):
                    self._keep(window, path, before, self._tables[path].last, said)
            self._drop(window.number)
        self._tell({"window": window.number, "kind": "over"})

    # Events

    def look(self, ready: List[int]) -> None:
        """Look at what has happened; ``ready`` are those of ``sources`` that woke it."""
        if set(ready) & set(self._watches.readable):
            self._watches.read()
            self._changed = time.monotonic()
        for descriptor in set(ready) & set(self._ends):
            number = self._ends[descriptor]
            self._read_log(number)
            self._attribute()
            self._drop(number)
            self._tell({"window": number, "kind": "closed"})
        for number in list(self._logs):
            self._read_log(number)
        self._attribute()
        if self._changed is not None and self._changed + _QUIET <= time.monotonic():
            self._changed = time.monotonic() if self._is_busy() else None
            if self._changed is None:
                self._give_up()

    def _is_busy(self) -> bool:
        """Return whether a window's process has worked since the last look, and may still log a flagging."""
        before = self._ticks
        self._ticks = {window.pid: _ticks(window.pid) for window in self._windows.values() if window.pid}
        return any(ticks - before.get(pid, 0) > _IDLE for pid, ticks in self._ticks.items())

    def _read_log(self, number: int) -> None:
        window = self._windows[number]
        lines = [line for piece in self._logs[number].pieces() for line in piece]
        flaggings, plotted = flag_lines.read(lines)
        for table in plotted:
            if table not in map(flag_keeping.name, window.vis):
                self._others[number] = table
        self._pending += [(window, each) for each in flaggings if each.points]

    def _attribute(self) -> None:
        """Keep what the logged flaggings have changed, if it is sure that they have.

        If there were more changes than flaggings, more may be logged soon; until then nothing is decided.
        """
        if not self._pending:
            return
        window = self._pending[-1][0]
        others = [self._others[each.number] for each, _ in self._pending if each.number in self._others]
        if others:
            self._lose(f"its window also shows {others[0]}, with which it was not opened")
            return
        try:
            found = [(table, table.look(settled=True)) for table in self._tables.values()]
        except Unreadable as error:
            self._lose(str(error))
            return
        count = sum(table.since(snapshot) for table, snapshot in found)
        began = min(each.began for _, each in self._pending)
        if count > len(self._pending):
            if self._changed is None:
                self._changed = time.monotonic()
            return
        if count < len(self._pending) or any(
            table.since(snapshot) and table.may_hold_earlier(began) for table, snapshot in found
        ):
            self._lose("its flags were not known before")
            return
        said = [each.said for _, each in self._pending]
        self._pending = []
        for table, snapshot in found:
            before, table.last = table.last, snapshot
            if before.counts != snapshot.counts:
                self._keep(window, table.path, before, snapshot, said)

    def _give_up(self) -> None:
        """Read the flags that something else than a window has changed; what was logged meanwhile is not sure."""
        if self._pending:
            self._lose("something else has changed its flags at the same time")
        else:
            self._read_anew()

    def _lose(self, reason: str) -> None:
        """Tell that the logged flaggings cannot be kept."""
        window, said = self._pending[-1][0], [each.said for _, each in self._pending]
        self._pending = []
        # First, so that what is flagged after the user has read this is compared with it.
        self._read_anew()
        self._lost(window, reason, said=said)

    def _read_anew(self) -> None:
        for table in self._tables.values():
            try:
                table.last = table.look()
            except Unreadable:
                # It may be locked now.
                self._changed = time.monotonic()

    def _keep(self, window: Window, path: str, before: Snapshot, after: Snapshot, said: List[str]) -> None:
        try:
            kept = flag_keeping.keep(window, path, before.state, after.state, said)
        except (OSError, RuntimeError, ValueError) as error:
            self._lost(window, getattr(error, "strerror", None) or str(error), path, said)
            return
        if kept is not None:
            self._tell({"window": window.number, **kept})

    def _lost(self, window: Window, reason: str, path: str = "", said: Optional[List[str]] = None) -> None:
        names = [flag_keeping.name(each) for each in ([path] if path else window.vis)]
        self._tell(
            {
                "window": window.number,
                "kind": "lost",
                "vis": ", ".join(names),
                "reason": reason.rstrip("."),
                "said": "; ".join(said or []),
            }
        )

    def _drop(self, number: int, keep: Optional[Window] = None) -> None:
        """Forget a window, and the tables that no other window shows, nor the one that is to be kept."""
        self._windows.pop(number, None)
        self._others.pop(number, None)
        log = self._logs.pop(number, None)
        if log is not None:
            log.close()
        for descriptor in [each for each, other in self._ends.items() if other == number]:
            os.close(descriptor)
            del self._ends[descriptor]
        windows = [*self._windows.values(), *([keep] if keep else [])]
        shown = {path for window in windows for path in window.vis}
        for path in set(self._tables) - shown:
            del self._tables[path]


def _ticks(pid: int) -> int:
    """Return how much a process has used of the processors, in hundredths of a second; 0 if it has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(words[11]) + int(words[12])) * 100 // os.sysconf("SC_CLK_TCK")


class _Orders:
    """The lines of a pipe."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""

    def read(self) -> Optional[List[Dict[str, Any]]]:
        """Return the orders that have come; None at the end."""
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]


def main() -> None:
    """Run until the kernel closes the standard input."""
    # What CASA prints must not be taken for an answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    imports.load_tools(Path(sys.executable), {"nologfile": True, "logfile": "/dev/null"})
    keeper = Keeper(lambda told: os.write(answers, json.dumps(told).encode() + b"\n"))
    orders = _Orders(0)
    while True:
        ready = _wait([orders.descriptor, *keeper.sources], keeper.due)
        if keeper.is_idle and not ready:
            # It takes memory, and the kernel starts it again.
            return
        keeper.look(ready)
        if orders.descriptor in ready:
            found = orders.read()
            if found is None:
                return
            for order in found:
                keeper.obey(order)


def _wait(sources: List[int], seconds: Optional[float]) -> List[int]:
    return [int(each) for each in descriptors.readable(sources, seconds)]


if __name__ == "__main__":
    main()
