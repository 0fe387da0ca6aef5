"""The log of a cell while it runs: one display under the cell, made when CASA's first message arrives.

A thread sleeps until the log file is written to (inotify), shows the new messages, and waits a quarter of a second
before it does so again. At the cell's end the rest is shown. Between cells, and in cells in which CASA logs nothing,
the thread sleeps.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Protocol

from inotify_simple import flags

from casa_desktop.system import threads
from casa_desktop.system.file_alarm import Alarm

from .file import LogFile
from .parser import Tally
from .progress import Progress
from .stderr import NativeText
from .view import View

# A cell that ends within this time, in seconds, shows its log only once.
_FIRST = 0.1
_INTERVAL = 0.25
# At most a tenth of the time is spent on showing.
_SHARE = 10
_WHILE_RUNNING, _AT_THE_END = 100, 400
_SERIOUS = 20
# The interval at which the clock beside a progress bar moves, in seconds.
_CLOCK = 1.0
# The interval at which the log is checked during a cell if no inotify instance is left, in seconds.
_LOOK = 0.5


class Outlet(Protocol):
    """The place under one cell; implemented by ``jupyter.cell_display``.

    Attributes:
        cell: identifies the cell.
        muted: whether the cell's output is being captured now.
    """

    cell: str

    @property
    def muted(self) -> bool: ...

    def show(self, data: Dict[str, Any]) -> None:
        """Show a MIME bundle, and replace the one before."""


class _Cell:
    """The state of the running cell's log."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.tally, self.progress = Tally(_AT_THE_END), Progress()
        self.depth, self.stale, self.shown, self.bar = 1, False, False, False


class LogStream:
    """Shows CASA's log under the cells of one kernel."""

    def __init__(self, outlet: Callable[[], Outlet]) -> None:
        """Take ``outlet``, which returns the place under the cell that is running now."""
        self.on = True
        self._outlet = outlet
        self._lock = threading.Lock()
        self._cell: Optional[_Cell] = None
        self._captured = ""
        self._readers: List[NativeText] = []
        self._over = threading.Event()
        self._file: Optional[LogFile] = None
        self._alarm: Optional[Alarm] = None

    # Called by the interpreter's main thread

    def follow(self, path: Path) -> None:
        """Follow the log at ``path`` from now on. Messages that it already contains are not shown."""
        with self._lock:
            if self._file is not None:
                if self._file.is_at(path):
                    return
                self._read()
                self._file.close()
            self._file = LogFile.open(path)
            if self._file is None:
                return
            self._arm()
        if self._alarm is None:
            self._alarm = Alarm(_LOOK)
            threads.start(self._run, self._alarm)

    def begin(self, code: str = "") -> None:
        """Begin a cell with the source ``code``. A cell within a cell belongs to the outer one."""
        if not self.on or threading.current_thread() is not threading.main_thread():
            return
        outlet = self._outlet()
        if self._cell is not None and self._cell.outlet.cell == outlet.cell:
            self._cell.depth += 1
            return
        if code.lstrip().startswith("%%capture"):
            self._captured = outlet.cell
        if self._captured == outlet.cell:
            return
        with self._lock:
            self._cell = _Cell(outlet)
            self._over.clear()
            if self._file is not None:
                self._file.skip()
                self._arm()

    def end(self) -> None:
        """End the cell, and show the rest of its log."""
        cell = self._cell
        if cell is None or threading.current_thread() is not threading.main_thread():
            return
        cell.depth -= 1
        if cell.depth:
            return
        self._over.set()
        for reader in self._readers:
            reader.end_scale()
        with self._lock:
            self._finish(cell)

    def leave_out(self) -> None:
        """Show no more messages under the cell that is running now."""
        with self._lock:
            cell = self._cell
            if cell is not None:
                self._captured = cell.outlet.cell
                self._finish(cell)
        self._over.set()

    def scale(self, fraction: Optional[float]) -> None:
        """Show a step's percent scale; None is its end. Any thread may call this."""
        with self._lock:
            cell = self._cell
            if cell is None:
                return
            cell.progress.scale(fraction, time.monotonic())
            cell.stale = True
        if self._alarm is not None:
            self._alarm.ring()

    def sorter(self) -> Callable[[str], str]:
        """Return a filter for one stream, which removes the text that the display of the log shows better.

        The filter is called in a thread of its own with text that C++ wrote, sometimes only after the end of the cell.
        """
        reader = NativeText()
        self._readers.append(reader)

        def sort(text: str) -> str:
            passed, moved = reader.feed(text, drop_log=self.on and self._file is not None)
            if moved:
                self.scale(reader.fraction)
            return passed

        return sort

    # Called with the lock held

    def _arm(self) -> None:
        """Have the thread woken when the log is next written to."""
        if self._alarm is not None and self._file is not None:
            self._alarm.arm(self._file.by_descriptor, flags.MODIFY | flags.ONESHOT)

    def _read(self) -> None:
        """Read the new lines of the log."""
        cell = self._cell
        if cell is None or self._file is None:
            return
        for lines in self._file.pieces():
            if lines:
                cell.tally.add(lines)
                cell.progress.add(lines, time.monotonic())
                cell.stale = True

    def _finish(self, cell: _Cell) -> None:
        self._read()
        self._cell = None
        if cell.tally.total or cell.shown:
            self._show(cell, running=False)

    def _show(self, cell: _Cell, running: bool) -> None:
        if cell.outlet.muted:
            # The display would be lost with the captured output. It stays stale, and is tried again.
            return
        cell.stale = False
        tally = cell.tally
        progress = cell.progress.state(time.monotonic()) if running else None
        cell.shown, cell.bar = True, progress is not None
        view = View(
            logfile=self._file.path if self._file is not None else None,
            total=tally.total,
            warn=tally.warn,
            severe=tally.severe,
            newest=tally.newest,
            messages=tally.select(_WHILE_RUNNING if running else _AT_THE_END),
            serious=tally.serious()[:_SERIOUS],
            progress=progress,
            running=running,
        )
        cell.outlet.show(view.bundle())

    # The thread

    def _run(self, alarm: Alarm) -> None:
        alarm.open()
        with self._lock:
            self._arm()
        timeout: Optional[float] = None
        while True:
            woken = alarm.wait(timeout)
            timeout = _CLOCK if self._stream(clock=not woken) else None

    def _stream(self, clock: bool) -> bool:
        """Show new messages until there are none; return whether the clock beside a bar must move on.

        Args:
            clock: update the display even if there are no new messages.
        """
        pause = 0.0 if clock else _FIRST
        while not self._over.wait(pause):
            with self._lock:
                cell = self._cell
                if cell is None:
                    return False
                started = time.monotonic()
                # Armed before reading, so that lines which are written later wake the thread again.
                self._arm()
                self._read()
                if not cell.stale and not clock:
                    return cell.bar
                if cell.tally.total or cell.stale:
                    self._show(cell, running=True)
                clock = False
            pause = max(_INTERVAL, _SHARE * (time.monotonic() - started))
        return False
