"""Watch one mask editor: its start, its connection to CASA, its end, and the interrupts that end it.

``interactive.mask_editor`` explains why each of these is needed.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Callable, Iterable, Optional, Set, Tuple

from casa_desktop.system import threads
from casa_desktop.system.descriptors import readable

from . import stops


class Watch:
    """A thread that notices when the viewer starts and ends, passes its address to CASA, and kills it on request.

    Attributes:
        interrupted: SIGINT arrived.
        lost: the viewer ended before it was asked to.
        failed: the error that ended the watch, or None. The viewer, for which CASA waits, has then been ended.
        viewers: the number of viewers so far.
        pid: the process id of the running viewer, or None.
    """

    def __init__(
        self,
        life: Path,
        address: Path,
        use_up: Callable[[str, int], None],
        former: int,
        started: Callable[[], None],
        tell: Callable[[int, bool], None],
    ) -> None:
        """Begin to watch.

        Args:
            life: the FIFO on which the launcher announces a viewer.
            address: the FIFO into which the viewer writes its address.
            use_up: called with a viewer's address and a number; makes that viewer use up so many panel numbers.
            former: the number of viewers before this watch.
            started: called in another thread when a viewer has started.
            tell: called in another thread with a viewer's pid, and True when it is stopped or False when it continues.

        Raises:
            OSError: there is no descriptor left.
            RuntimeError: no further thread can be started.
        """
        self.interrupted = self.lost = False
        self.failed: Optional[Exception] = None
        self.viewers = 0
        self._use_up, self._earlier = use_up, former
        self._started = started
        self._ending = self._closing = False
        self._gone = threading.Event()
        self._gone.set()
        self.pid: Optional[int] = None
        self._server: Optional[Path] = None
        self._introduced = False
        self._introductions: SimpleQueue[Optional[Tuple[Path, str, int]]] = SimpleQueue()
        self._pids: Set[str] = set()
        self._fifos = (life, address)
        self._tell = tell
        # If one of these fails, the others are undone.
        with ExitStack() as undo:
            self._life, self._address = (opened_fifo(fifo, undo) for fifo in self._fifos)
            self._wake, self._wakened = wake_up_call(undo)
            self._former_wakeup = set_wakeup(self._wakened.fileno())
            undo.callback(set_wakeup, self._former_wakeup)
            # Both threads are started before CASA begins to wait: if one could not be started later, CASA would wait
            # for ever.
            self._relay = threads.Joinable(self._introduce_all)
            undo.callback(self._introductions.put, None)
            self._thread = threads.Joinable(self._run)
            undo.pop_all()

    def end_viewer(self) -> None:
        """End the viewer if there is one, and wait for its end."""
        self._ending = True
        self._wakened.send(b"\0")
        self._gone.wait()

    def closed(self, requests: Iterable[str]) -> bool:
        """Return whether one of these process ids, whose windows were asked to close, belongs to a viewer."""
        return not self._pids.isdisjoint(requests)

    def close(self) -> None:
        """Restore the former receiver of signals, end the viewer, and remove its FIFO."""
        set_wakeup(self._former_wakeup)
        self._closing = True
        self.end_viewer()
        self._thread.join()
        self._introductions.put(None)
        if self._server is not None and self._server.exists():
            # If CASA never opened the FIFO, the relay still waits for a reader.
            reader = open_fifo(self._server)
            self._relay.join()
            os.close(reader)
            # CASA makes this FIFO to read the viewer's address, and leaves it behind.
            self._server.unlink()
        close_fifos(self._life, self._address)
        self._wake.close()
        self._wakened.close()

    def _run(self) -> None:
        while not (self._closing and self.pid is None):
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
        self._kill_if_due()
        if not is_first:
            self._ended()
        return not is_first

    def _look(self) -> None:
        ready = readable([self._life, self._address, self._wake.fileno()])
        if self._wake.fileno() in ready:
            self._woken()
        if self._life in ready:
            self._heard()
        if self._address in ready:
            self._introduce(os.read(self._address, 4096).decode().strip())

    def _woken(self) -> None:
        """Read what the signal handlers and our own methods have written, and act on it."""
        numbers = self._wake.recv(64)
        pass_on(self._former_wakeup, numbers)
        self.interrupted = self.interrupted or signal.SIGINT in numbers
        self._kill_if_due()

    def _heard(self) -> None:
        """Read what the launcher wrote, or notice the viewer's end."""
        said = os.read(self._life, 4096)
        # CASA may start another viewer, and a FIFO without a writer stays at end-of-file until it is reopened.
        if not said:
            os.close(self._life)
            self._life = -1
            self._ended()
            self._life = open_fifo(self._fifos[0])
            return
        pid, _, server = said.decode().strip().split("\n")[-1].partition(" ")
        self.pid, self._server, self._introduced = int(pid), Path(server), False
        self._pids.add(pid)
        self._started()
        # If this thread cannot be started, the user is not informed that the viewer is stopped; everything else still
        # works.
        with suppress(RuntimeError):
            stops.watch(self.pid, partial(self._tell, self.pid))
        self.viewers += 1
        self._gone.clear()
        self._kill_if_due()

    def _ended(self) -> None:
        reap(self.pid)
        self.lost = self.lost or not (self._ending or self.interrupted)
        # Otherwise CASA would wait for an address for ever.
        self._introduce("")
        self.pid = None
        self._gone.set()

    def _introduce(self, address: str) -> None:
        """Pass the viewer's address to CASA, once; an empty address means that there is no viewer."""
        if not self._introduced and self._server is not None:
            self._introduced = True
            self._introductions.put((self._server, address, self._earlier + self.viewers - 1))
        if address:
            # The FIFO has no writer any more, and would stay at end-of-file.
            os.close(self._address)
            self._address = -1
            self._address = open_fifo(self._fifos[1])

    def _introduce_all(self) -> None:
        for server, address, earlier in iter(self._introductions.get, None):
            if address:
                self._use_up(address, earlier)
            write_line(server, address)

    def _kill_if_due(self) -> None:
        # Kill it rather than terminate it: it has nothing to save, and the interpreter waits for its end.
        if self.pid is not None and (self.interrupted or self._ending):
            # It may have ended by itself; the FIFO will soon show that.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def opened_fifo(fifo: Path, undo: ExitStack) -> int:
    """Return the reading end of a FIFO, which ``undo`` closes."""
    descriptor = open_fifo(fifo)
    undo.callback(os.close, descriptor)
    return descriptor


def close_fifos(*descriptors: int) -> None:
    """Close the reading ends of FIFOs; after a failed watch, one may be -1 or already closed."""
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def wake_up_call(undo: ExitStack) -> Tuple[socket.socket, socket.socket]:
    """Return the two ends of a socket pair for the numbers of arriving signals; ``undo`` closes them."""
    ends = socket.socketpair()
    for each in ends:
        undo.enter_context(each)
        # asyncio requires that both are non-blocking.
        each.setblocking(False)
    return ends


def open_fifo(path: Path) -> int:
    """Open a FIFO for reading."""
    # Non-blocking, because a viewer may never start.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def pass_on(wakeup: int, numbers: bytes) -> None:
    """Write the numbers of signals to the descriptor that would otherwise have received them, if there is one."""
    # The descriptor is full while the interpreter, which empties it, waits for CASA; one number is enough to wake it.
    with suppress(BlockingIOError):
        if wakeup >= 0:
            os.write(wakeup, numbers.replace(b"\0", b""))


def write_line(fifo: Path, line: str) -> None:
    """Write a line into a FIFO from which CASA will read; CASA waits two seconds before it looks."""
    try:
        fifo.write_text(line + "\n")
    except OSError:
        # There is no descriptor left, and CASA would wait for ever. A child process has its own descriptors.
        shell = ["/bin/sh", "-c", 'printf "%s\\n" "$1" >"$0"', str(fifo), line]
        reap(os.posix_spawn(shell[0], shell, {}))


def reap(pid: Optional[int]) -> None:
    """Wait for the end of a child, unless another thread already has."""
    if pid is not None:
        # CASA's C++, which started the child, may have waited for it first.
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def set_wakeup(descriptor: int) -> int:
    """Have the numbers of arriving signals written to ``descriptor``; return the former descriptor."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread receives SIGINT, and only it may set this.
        return -1
    return signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
