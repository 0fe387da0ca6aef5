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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator, List, Mapping

from ..errors import EditorMissing, writing
from ..tools.private_folder import PrivateFolder
from ..tools.processes import Child
from .launcher import Launcher
from .programs import command, start_beside
from .window_closing import WindowWatch, reap

LAUNCHER = "flag-display"
# ButtonEvent of plotserver_events.proto (casaplotserver 2.1): panel 0, and the button's name.
_QUIT = b"\x0a\x02\x08\x00\x12\x04Quit"
# Press again until the task has ended, in seconds: it receives a button only while it waits for one.
_AGAIN = 0.5

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
        self._folder = folder
        self._launcher = Launcher(folder, LAUNCHER, "closings")

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
        launcher = self._launcher
        with ExitStack() as stack:
            stack.callback(launcher.remove)
            with writing(self._folder.path):
                run = f'exec setsid {shlex.quote(str(program))} "$@"'
                launcher.write(display, run, events='"${2#--event-uri=}"')
                watch = _DisplayWatch(launcher.life, launcher.messages, launcher.when_started)
            stack.callback(watch.close)
            stack.callback(self._start_closing(display).stop)
            with launcher.awaited():
                yield
        watch.check(task)
        if watch.pid is None:
            raise EditorMissing(_NAME, provided=True)

    def _start_closing(self, display: Mapping[str, str]) -> Child:
        argv = ["/bin/sh", "-c", 'exec "$0" "$1" >"$2"', *command("close_requests.py", str(self._launcher.messages))]
        return start_beside(self._folder, "closing", argv, display)


class _DisplayWatch(WindowWatch):
    """Ends CASA's wait after an interrupt, a closed window or the end of casaplotserver."""

    def __init__(self, life: Path, closings: Path, when_started: Callable[[], None]) -> None:
        self._is_closed = False
        self._events = ""
        self._servers: List[Path] = []
        super().__init__(life, closings, when_started)

    def _run(self) -> None:
        try:
            while not (self._closing.is_set() or self.interrupted or self.lost or self._is_closed):
                self._look()
        # CASA waits for the window: any error that ends this thread must end the window too.
        except Exception as error:  # noqa: BLE001
            self.failed = error
        if not self._closing.is_set():
            self._end()

    def _started(self, events: str, server: Path) -> None:
        self._events = events
        self._servers.append(server)

    def _hear(self, text: str) -> None:
        self._is_closed = str(self.pid) in text.split()

    def _ended(self) -> None:
        """Note whether casaplotserver has ended abnormally; leave its exit status for CASA."""
        try:
            status = os.waitid(os.P_PID, self.pid or 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            # CASA has already waited for it, so it knows.
            return
        self.lost = status is not None and (status.si_code, status.si_status) != (os.CLD_EXITED, 0)

    def _end(self) -> None:
        """Press Quit until the task has ended."""
        self._kill_and_reap()
        for server in self._servers:
            # The task may still wait for the window's address; an empty line means that there will be none.
            with suppress(OSError):
                descriptor = os.open(server, os.O_WRONLY | os.O_NONBLOCK)
                os.write(descriptor, b"\n")
                os.close(descriptor)
        while self._events and not self._closing.wait(_AGAIN):
            _press_quit(self._events)

    def _kill_and_reap(self) -> None:
        self._kill()
        reap(self.pid)

    def _tidy(self) -> None:
        self._kill_and_reap()
        for server in self._servers:
            with suppress(FileNotFoundError):
                server.unlink()


def _press_quit(address: str) -> None:
    grpc = importlib.import_module("grpc")
    with grpc.insecure_channel(address) as channel:
        button = channel.unary_unary(
            "/rpc.gui.plotserver_events/button", request_serializer=bytes, response_deserializer=bytes
        )
        with suppress(grpc.RpcError):
            button(_QUIT, timeout=_AGAIN)
