"""End a tool that stalls during a call, so that the call ends too: gRPC itself waits for ever."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Callable, Optional, Tuple, Type

import psutil

from casa_desktop.system import threads

from ..errors import Stall
from .clients import Client
from .processes import Child
from .tool_window import ANSWERS, DIALOG, NONE, SILENT, ToolWindow

# Seconds between two looks.
PERIOD = 4.0
# Seconds a tool or its window may take for an answer: on a busy machine it may wait for a processor first.
PATIENCE = 4.0
# A tool that answers, but has done nothing at this many looks in a row, has lost its work.
LOOKS = 3
# To answer takes a little work, too: in seconds of CPU time, and in bytes read.
_LITTLE = (0.02, 4096)


class Watchdog:
    """Watches one tool within a with block.

    A tool is left alone as long as it computes or reads, waits for a disk, or shows a dialog to its user. A tool that
    does none of these and does not answer is stalled, and is killed.

    A tool that answers but does nothing is killed as well: when casaviewer's memory is at its limit, the thread of its
    windows loses the work, while another thread waits for the result for ever and still answers (2.4.4). For a tool
    with a window there are two more conditions: the window must answer, and the same call must have waited all the
    time, so that a slow kernel is not mistaken for a stall.

    Args:
        window: its window, or None where it has none.
        say: called in another thread with a sentence for the user, when the tool waits for the user.

    Attributes:
        stall: why the tool was killed, or None.
    """

    def __init__(
        self, child: Child, client: Client, window: Optional[ToolWindow], say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._child, self._client, self._window, self._say = child, client, window, say
        self._over = threading.Event()
        self.stall: Optional[Stall] = None

    def __enter__(self) -> Watchdog:
        # This thread is not joined: it may be waiting for an answer that no longer matters.
        threads.start(self._watch)
        self._client.line.watched = True
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._client.line.watched = False
        self._over.set()

    def _watch(self) -> None:
        looked = _Look(self._child, self._client)
        idle = waited = 0
        while self._child.alive and not self._over.wait(PERIOD):
            before, looked = looked, _Look(self._child, self._client)
            idle = idle + 1 if looked.is_idle_since(before) else 0
            waited = waited + 1 if idle and looked.waits_since(before) else 0
            stall = self._stall(idle, waited) if idle else None
            # The tool may have begun to work while it was asked.
            if stall and _Look(self._child, self._client).is_idle_since(looked) and not self._over.is_set():
                self._give_up(stall)
                return

    def _give_up(self, stall: Stall) -> None:
        self.stall = stall
        self._child.kill()
        # A process that waits for a disk cannot be killed, and the call must end nevertheless.
        self._client.line.hang_up()

    def _stall(self, idle: int, waited: int) -> Optional[Stall]:
        if not self._client.answers(PATIENCE):
            return Stall.SILENT
        if self._window is None:
            return Stall.LOST if idle >= LOOKS else None
        return self._stall_of_window(self._window) if waited >= LOOKS else None

    def _stall_of_window(self, window: ToolWindow) -> Optional[Stall]:
        former, word = window.dialog, window.ask(PATIENCE)
        if word == DIALOG and window.dialog != former:
            self._say(f"{self._child.tool} waits for you on the CASA Desktop: {window.dialog!r} is open there.")
        return {SILENT: Stall.FROZEN, ANSWERS: Stall.LOST, NONE: Stall.LOST}.get(word)


def is_frozen(child: Child, client: Client, window: ToolWindow) -> bool:
    """Return whether a tool with a window neither works nor answers now; takes up to ``PATIENCE`` seconds if so."""
    before = _Look(child, client)
    return window.ask(PATIENCE) == SILENT and _Look(child, client).is_idle_since(before)


class Idleness:
    """Measures for how long a tool that should work has done nothing, by looking at it from time to time."""

    def __init__(self, child: Child) -> None:
        self._child, self._former, self._since = child, _Look(child), time.monotonic()

    def look(self) -> float:
        """Return for how many seconds the tool has done nothing; 0 if it has ended."""
        now = _Look(self._child)
        if not now.is_idle_since(self._former):
            self._former, self._since = now, time.monotonic()
        return time.monotonic() - self._since


class _Look:
    """The work that a tool had done at one moment, and the call that waited for it."""

    def __init__(self, child: Child, client: Optional[Client] = None) -> None:
        self._done: Optional[Tuple[float, int]] = None
        self._call = 0 if client is None else client.line.waiting
        # If there is no descriptor or no memory left to look at the tool, it counts as working.
        with suppress(psutil.Error, OSError, MemoryError):
            self._done = _work(psutil.Process(child.process.pid))

    def is_idle_since(self, before: _Look) -> bool:
        if before._done is None or self._done is None:
            return False
        return all(now - then <= little for now, then, little in zip(self._done, before._done, _LITTLE))

    def waits_since(self, before: _Look) -> bool:
        return self._call != 0 and self._call == before._call


def _work(process: psutil.Process) -> Optional[Tuple[float, int]]:
    """Return a measure of the work that a process has done; None if it waits for a disk or cannot be inspected."""
    try:
        with process.oneshot():
            times = process.cpu_times()
            done = (times.user + times.system, process.io_counters().read_chars)
            return None if _waits_for_disk(process.pid) else done
    except psutil.AccessDenied:
        return None


def _waits_for_disk(pid: int) -> bool:
    """Return whether any thread of a process waits for a disk; the thread that draws is not the first one."""
    states = set()
    for each in Path(f"/proc/{pid}/task").glob("*/stat"):
        # The thread may have ended.
        with suppress(OSError):
            # The name before the state may contain spaces and parentheses. Source: proc_pid_stat(5).
            states.add(each.read_text().rpartition(") ")[2][:1])
    return "D" in states
