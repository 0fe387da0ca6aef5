"""Put the display of flagdata, a casaplotserver window that CASA's C++ starts by itself, on the desktop.

How CASA does it (casatools 6.7.0, ``flagging/Flagging/grpcFlagAgentDisplay.cc``): as with the mask editor, it asks
``<python> -m casaplotserver --app-path`` for a program. It starts that with ``--server=<FIFO> --event-uri=<ADDRESS>
…``, and waits in C++ until the window reports to that address which button was pressed.

Why this alone would hang: casaplotserver (2.1.1) reports that its window was closed, or its Quit pressed, and then
waits for CASA, while CASA waits for its end; and neither SIGINT nor its sudden end wakes CASA. So a thread waits for
all of these, ends casaplotserver, and presses Quit in place of the user. (``interactive.close_requests`` observes the
request to close a window.)
"""

from __future__ import annotations

import importlib
import os
import shlex
import signal
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Mapping, Optional

from casa_desktop.errors import Shortage
from casa_desktop.system import environment, threads
from casa_desktop.system.descriptors import readable

from ..errors import EditorMissing, ViewerLost, writing
from ..tools import appimages
from ..tools.processes import Child, PrivateFolder
from .fifo_folder import FifoPlace
from .programs import command, start_beside
from .viewer_watch import (
    close_fifos,
    open_fifo,
    opened_fifo,
    pass_on,
    reap,
    set_wakeup,
    wake_up_call,
)

LAUNCHER = "flag-display"
# ButtonEvent of plotserver_events.proto (casaplotserver 2.1): panel 0, and the button's name.
_QUIT = b"\x0a\x02\x08\x00\x12\x04Quit"
# Press again until the task has ended, in seconds: it receives a button only while it waits for one.
_AGAIN = 0.5

# Descriptor 9 stays open in casaplotserver and is never used: end-of-file on the FIFO means that it has ended.
_SCRIPT = """\
#!/bin/sh
exec 9>{life}
printf '%s %s %s\\n' $$ "${{2#--event-uri=}}" "${{1#--server=}}" >&9
echo $$ > {register} || exit 1
{exports}
PATH="$PATH:/usr/bin:/bin"
exec setsid {program} "$@"
"""

_NAME = "window of flagdata(display=...)"


def check_provided(folder: Path) -> None:
    """Check that casaplotserver can be started, for a task that is about to ask for it.

    Args:
        folder: the private folder of the kernel.

    Raises:
        EditorMissing: it cannot. CASA would go on without it, or wait for ever.
    """
    if not (folder / LAUNCHER).exists():
        raise EditorMissing(_NAME, provided=False)


class FlagDisplay:
    """The display of one kernel's calls of flagdata."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._launcher = folder.path / LAUNCHER
        self._folder, self._place = folder, FifoPlace(folder)
        self._life = folder.path / "flag-display.life"
        self._closings = folder.path / "flag-display.closings"
        self._register = folder.path / "flag-display.KILL"

    @contextmanager
    def session(self, task: str, program: Path, display: Mapping[str, str]) -> Iterator[None]:
        """Make the display available for one call within a with block, and end it afterwards.

        Args:
            task: its name, for messages.
            program: the program of casaplotserver, unpacked.
            display: the variables that put it on the desktop.

        Raises:
            KeyboardInterrupt: the kernel was interrupted.
            ViewerLost: casaplotserver ended, but not by its own window.
            EditorMissing: it was not started.
            NoRoom, Shortage: as ``writing``.
        """
        with ExitStack() as stack:
            stack.callback(self._tidy)
            with writing(self._folder.path):
                self._prepare(program, display)
                watch = _Watch(self._life, self._closings, self._place.give_back)
            stack.callback(self._remove, watch.left_behind)
            stack.callback(watch.close)
            stack.callback(self._start_closing(display).stop)
            with self._place.within():
                yield
        if watch.interrupted:
            raise KeyboardInterrupt
        if watch.failed is not None:
            raise Shortage.of(watch.failed) or ViewerLost(task) from watch.failed
        if watch.lost:
            raise ViewerLost(task)
        if not watch.started:
            raise EditorMissing(_NAME, provided=True)

    def _prepare(self, program: Path, display: Mapping[str, str]) -> None:
        for fifo in (self._life, self._closings):
            os.mkfifo(fifo, 0o600)
        # CASA's C++ starts the launcher with the environment of this process and its own TMPDIR.
        env = appimages.environment(os.environ, display)
        self._launcher.write_text(
            _SCRIPT.format(
                life=shlex.quote(str(self._life)),
                register=shlex.quote(str(self._register)),
                exports=environment.shell_lines(self._place.inherited(os.environ), env),
                program=shlex.quote(str(program)),
            )
        )

    def _start_closing(self, display: Mapping[str, str]) -> Child:
        argv = ["/bin/sh", "-c", 'exec "$0" "$1" >"$2"', *command("close_requests.py", str(self._closings))]
        return start_beside(self._folder, "closing", argv, display)

    def _tidy(self) -> None:
        self._remove((self._launcher, self._life, self._closings, self._register))

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path.exists():
                path.unlink()


class _Watch:
    """A thread that ends CASA's wait after an interrupt, a closed window or the end of casaplotserver."""

    def __init__(self, life: Path, closings: Path, when_started: Callable[[], None]) -> None:
        self.interrupted = self.lost = self.started = self._closed = False
        self.failed: Optional[Exception] = None
        self.left_behind: List[Path] = []
        self._pid, self._events = 0, ""
        self._when_started = when_started
        self._done = threading.Event()
        self._fifo = life
        with ExitStack() as undo:
            self._life, self._closings = (opened_fifo(each, undo) for each in (life, closings))
            self._wake, self._wakened = wake_up_call(undo)
            self._former_wakeup = set_wakeup(self._wakened.fileno())
            undo.callback(set_wakeup, self._former_wakeup)
            self._thread = threads.Joinable(self._run)
            undo.pop_all()

    def close(self) -> None:
        """Restore the former receiver of signals, and end casaplotserver."""
        set_wakeup(self._former_wakeup)
        self._done.set()
        self._wakened.send(b"\0")
        self._thread.join()
        self._kill()
        close_fifos(self._life, self._closings)
        self._wake.close()
        self._wakened.close()

    def _run(self) -> None:
        try:
            while not (self._done.is_set() or self.interrupted or self.lost or self._closed):
                self._look()
        # CASA waits for the window: any error that ends this thread must end the window too.
        except Exception as error:  # noqa: BLE001
            self.failed = error
        if not self._done.is_set():
            self._end()

    def _look(self) -> None:
        ready = readable([self._life, self._closings, self._wake.fileno()])
        if self._wake.fileno() in ready:
            self._woken()
        if self._life in ready:
            self._heard()
        if self._closings in ready:
            self._closed = str(self._pid).encode() in os.read(self._closings, 4096).split()

    def _woken(self) -> None:
        numbers = self._wake.recv(64)
        pass_on(self._former_wakeup, numbers)
        self.interrupted = signal.SIGINT in numbers

    def _heard(self) -> None:
        """Read what the launcher wrote, or notice casaplotserver's end."""
        said = os.read(self._life, 4096)
        if said:
            # The kernel's folder may have spaces in its name.
            pid, self._events, server = said.decode().strip().split(" ", 2)
            self._pid, self.started = int(pid), True
            self._when_started()
            self.left_behind.append(Path(server))
            return
        self.lost = self._has_died()
        # A FIFO without a writer stays at end-of-file until it is reopened.
        os.close(self._life)
        self._life = -1
        self._life = open_fifo(self._fifo)

    def _has_died(self) -> bool:
        """Return whether casaplotserver has ended abnormally; leave its exit status for CASA."""
        try:
            status = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            # CASA has already waited for it, so it knows.
            return False
        return status is not None and (status.si_code, status.si_status) != (os.CLD_EXITED, 0)

    def _end(self) -> None:
        """Press Quit until the task has ended."""
        self._kill()
        for server in self.left_behind:
            # The task may still wait for the window's address; an empty line means that there will be none.
            with suppress(OSError):
                descriptor = os.open(server, os.O_WRONLY | os.O_NONBLOCK)
                os.write(descriptor, b"\n")
                os.close(descriptor)
        while self._events and not self._done.wait(_AGAIN):
            _press_quit(self._events)

    def _kill(self) -> None:
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            reap(self._pid)


def _press_quit(address: str) -> None:
    grpc = importlib.import_module("grpc")
    with grpc.insecure_channel(address) as channel:
        button = channel.unary_unary(
            "/rpc.gui.plotserver_events/button", request_serializer=bytes, response_deserializer=bytes
        )
        with suppress(grpc.RpcError):
            button(_QUIT, timeout=_AGAIN)
