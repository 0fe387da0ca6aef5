"""Close a mask editor: watch its start, its connection to CASA, its end, and the interrupts that end it.

``interactive.mask_editor`` explains why each of these is needed.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Callable, Iterable, Optional, Set, Tuple

from casa_desktop.system import threads

from . import stops
from .wake_up import FifoReader
from .window_closing import WindowWatch, reap


class ViewerWatch(WindowWatch):
    """Passes the viewer's address to CASA, and kills the viewer on request; CASA may start several, one after another.

    Attributes:
        viewers: the number of viewers so far.
        pid: the process id of the running viewer, or None.
    """

    def __init__(
        self,
        life: Path,
        address: Path,
        use_up: Callable[[str, int], None],
        former: int,
        when_started: Callable[[], None],
        tell: Callable[[int, bool], None],
        for_casa: Callable[[str], str] = str,
    ) -> None:
        """Begin to watch.

        Args:
            life: the FIFO on which the launcher announces a viewer.
            address: the FIFO into which the viewer writes its address.
            use_up: called with a viewer's address and a number; makes that viewer use up so many panel numbers.
            former: the number of viewers before this watch.
            when_started: called in another thread when a viewer has started.
            tell: called in another thread with a viewer's pid, and True when it is stopped or False when it continues.
            for_casa: called in another thread with a viewer's address; returns the address to give to CASA.

        Raises:
            OSError: there is no descriptor left.
            RuntimeError: no further thread can be started.
        """
        self.viewers = 0
        self._use_up, self._earlier, self._tell, self._for_casa = use_up, former, tell, for_casa
        self._ending = False
        self._gone = threading.Event()
        self._gone.set()
        self._server: Optional[Path] = None
        self._introduced = False
        self._introductions: SimpleQueue[Optional[Tuple[Path, str, int]]] = SimpleQueue()
        self._pids: Set[str] = set()
        with ExitStack() as undo:
            # Both threads are started before CASA begins to wait: if one could not be started later, CASA would wait
            # for ever.
            self._relay = threads.Joinable(self._introduce_all)
            undo.callback(self._introductions.put, None)
            super().__init__(life, address, when_started)
            undo.pop_all()

    def end_viewer(self) -> None:
        """End the viewer if there is one, and wait for its end."""
        self._ending = True
        self._wake.ring()
        self._gone.wait()

    def closed(self, requests: Iterable[str]) -> bool:
        """Return whether one of these process ids, whose windows were asked to close, belongs to a viewer."""
        return not self._pids.isdisjoint(requests)

    def close(self) -> None:
        """Restore the former receiver of signals, end the viewer, and remove its FIFO."""
        self._ending = True
        super().close()

    def _run(self) -> None:
        while not (self._closing.is_set() and self.pid is None):
            try:
                self._look()
            # CASA waits for the viewer, and the interpreter for this thread: any error that ends the thread must end
            # both.
            except Exception as error:  # noqa: BLE001
                if self._fail(error):
                    return

    def _fail(self, error: Exception) -> bool:
        """End the viewer, or the next one to start; return whether watching had failed before, which ends it."""
        is_first = self.failed is None
        self.failed = self.failed or error
        self._ending = True
        self._woken()
        if not is_first:
            self._ended()
        return not is_first

    def _woken(self) -> None:
        if self.interrupted or self._ending:
            self._kill()

    def _started(self, _events: str, server: Path) -> None:
        pid = self.pid
        assert pid is not None
        self._server, self._introduced = server, False
        self._pids.add(str(pid))
        # If this thread cannot be started, the user is not informed that the viewer is stopped; everything else still
        # works.
        with suppress(RuntimeError):
            stops.watch(pid, partial(self._tell, pid))
        self.viewers += 1
        self._gone.clear()
        self._woken()

    def _ended(self) -> None:
        reap(self.pid)
        self.lost = self.lost or not (self._ending or self.interrupted)
        # Otherwise CASA would wait for an address for ever.
        self._introduce("")
        self.pid = None
        self._gone.set()

    def _hear(self, text: str) -> None:
        self._introduce(text)
        # The FIFO has no writer any more, and would stay at end-of-file.
        self._messages.close()
        self._messages.open()

    def _introduce(self, address: str) -> None:
        """Pass the viewer's address to CASA, once; an empty address means that there is no viewer."""
        if not self._introduced and self._server is not None:
            self._introduced = True
            self._introductions.put((self._server, address, self._earlier + self.viewers - 1))

    def _introduce_all(self) -> None:
        for server, address, earlier in iter(self._introductions.get, None):
            if address:
                self._use_up(address, earlier)
            write_line(server, self._for_casa(address) if address else "")

    def _tidy(self) -> None:
        self._introductions.put(None)
        if self._server is not None and self._server.exists():
            # If CASA never opened the FIFO, the relay still waits for a reader.
            reader = FifoReader(self._server)
            self._relay.join()
            reader.close()
            # CASA makes this FIFO to read the viewer's address, and leaves it behind.
            self._server.unlink()


def write_line(fifo: Path, line: str) -> None:
    """Write a line into a FIFO from which CASA will read; CASA waits two seconds before it looks."""
    try:
        fifo.write_text(line + "\n")
    except OSError:
        # There is no descriptor left, and CASA would wait for ever. A child process has its own descriptors.
        shell = ["/bin/sh", "-c", 'printf "%s\\n" "$1" >"$0"', str(fifo), line]
        reap(os.posix_spawn(shell[0], shell, {}))
