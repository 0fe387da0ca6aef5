"""End CASA's wait for a window when the window closes: watch its start, its end, and the signals meanwhile.

C++ blocks the interpreter, so that a thread must do this. The mask editor and the flag display share it; they differ in
what ends CASA's wait.
"""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Callable, Optional

from casa_desktop.errors import Shortage
from casa_desktop.system import threads
from casa_desktop.system.descriptors import readable

from ..errors import ViewerLost
from .wake_up import FifoReader, WakeUp


class WindowWatch(ABC):
    """A thread that notices when the window's program starts and ends, and when SIGINT arrives.

    Attributes:
        interrupted: SIGINT arrived.
        lost: the program ended before it was asked to.
        failed: the error that ended the watch, or None. The window has then been ended.
        pid: the process id of the program; None before its start.
    """

    def __init__(self, life: Path, messages: Path, when_started: Callable[[], None]) -> None:
        """Begin to watch. A subclass sets its own attributes first, because the thread uses them at once.

        Args:
            life: the FIFO on which the launcher announces the program; at end-of-file when the program has ended.
            messages: another FIFO, whose text is passed to ``_hear``.
            when_started: called in another thread when the program has started.

        Raises:
            OSError: there is no descriptor left.
            RuntimeError: no further thread can be started.
        """
        self.interrupted = self.lost = False
        self.failed: Optional[Exception] = None
        self.pid: Optional[int] = None
        self._closing = threading.Event()
        self._when_started = when_started
        # If one of these fails, the others are undone.
        with ExitStack() as undo:
            self._life = FifoReader(life)
            undo.callback(self._life.close)
            self._messages = FifoReader(messages)
            undo.callback(self._messages.close)
            self._wake = WakeUp()
            undo.callback(self._wake.close)
            undo.callback(self._wake.restore)
            self._thread = threads.Joinable(self._run)
            undo.pop_all()

    def close(self) -> None:
        """Restore the former receiver of signals, and end the program and the thread."""
        self._wake.restore()
        self._closing.set()
        self._wake.ring()
        self._thread.join()
        self._tidy()
        self._life.close()
        self._messages.close()
        self._wake.close()

    def check(self, task: str) -> None:
        """Check, after ``close``, that nothing has ended the window of ``task`` but its user.

        Raises:
            KeyboardInterrupt: the kernel was interrupted.
            ViewerLost: the program ended by itself, or the watch failed.
            Shortage: the watch failed because something has run out.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        if self.failed is not None:
            raise Shortage.of(self.failed) or ViewerLost(task) from self.failed
        if self.lost:
            raise ViewerLost(task)

    def _look(self) -> None:
        """Wait for the next events, and act on them."""
        ready = readable([self._life, self._messages, self._wake])
        if self._wake in ready:
            self.interrupted = signal.SIGINT in self._wake.read() or self.interrupted
            self._woken()
        if self._life in ready:
            self._read_life()
        if self._messages in ready:
            self._hear(self._messages.read())

    def _read_life(self) -> None:
        """Read what the launcher wrote, or notice the program's end."""
        announcement = self._life.read()
        if announcement:
            # The path of a FIFO may have spaces.
            pid, events, server = announcement.split("\n")[-1].split(" ", 2)
            self.pid = int(pid)
            self._when_started()
            self._started(events, Path(server))
            return
        # CASA may start the program again, and a FIFO without a writer stays at end-of-file until it is reopened.
        self._life.close()
        self._ended()
        self._life.open()

    def _kill(self) -> None:
        """Kill the program if there is one: it has nothing to save, and the interpreter waits for its end."""
        if self.pid is not None:
            # It may have ended by itself; the FIFO will soon show that.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @abstractmethod
    def _run(self) -> None:
        """Call ``_look`` until the watch is to end; called in the thread."""

    @abstractmethod
    def _started(self, events: str, server: Path) -> None:
        """Act on the program's start.

        Args:
            events: the address at which CASA expects the window's events, or ``-``.
            server: the FIFO in which CASA expects the program's address.
        """

    @abstractmethod
    def _ended(self) -> None:
        """Act on the program's end."""

    @abstractmethod
    def _hear(self, text: str) -> None:
        """Act on what was written into the other FIFO."""

    def _woken(self) -> None:  # noqa: B027 (by default there is nothing more to do)
        """Act on a signal or on a call of our own methods."""

    @abstractmethod
    def _tidy(self) -> None:
        """Remove what is left when the thread has ended."""


def reap(pid: Optional[int]) -> None:
    """Wait for the end of a child, unless another thread already has."""
    if pid is not None:
        # CASA's C++, which started the child, may have waited for it first.
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
