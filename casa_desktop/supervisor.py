"""The supervisor: the process that owns a desktop's children. One per desktop.

Run as ``python -m casa_desktop.supervisor NAME READY_FD SECONDS SETTINGS``. It detaches itself from whoever started it,
starts Xvnc and the window manager, writes the record, says so on ``READY_FD`` in one line of JSON, and then waits:
for a child's end or for a signal. It never polls. When it ends, it has ended everything on the desktop and removed
its folder.

In a container it has two more words: the pid and the pid namespace of the launcher outside, by which others can signal
it. It says its line over the launcher's socket then, and is not detached.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Dict, Optional, Tuple

from . import __version__, icewm, lifeline, links, locks, xauthority, xfiles
from .commands import Command, Settings, window_manager_command, x_server_command
from .errors import CasaDesktopError, Shortage, StartFailed, StartTimeout, WindowManagerMissing, XServerMissing
from .ourselves import finding, hide, seen
from .process import adopt_orphans, descendants, end, read_line, spawn
from .runtime import Places, Record, clear, pid_namespace, places, rfb_banner

THEME_FOLDER = Path(__file__).resolve().parent / "theme"
GRACE_SECONDS = 3.0
# What is started when a page waits for its first picture delays that: two cores are busy with X, the window manager and
# the browser. The caretaker took a sixth of the time from the click to the picture there; it comes so much later.
QUIET_SECONDS = 0.3
# A window manager that dies at once is started again after 0.1, 0.2, 0.4 … s, at most this:
LONGEST_BACK_OFF_SECONDS = 30.0
_AWAITED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Supervisor:
    """One desktop's processes.

    Attributes:
        name: the desktop's name.
        settings: the user's choices.
        at: the desktop's paths.
        log: takes what the children say.
        display: X's name of the desktop once Xvnc has told it.
        x_server: pid of Xvnc once it runs.
        window_manager: pid of IceWM while it runs.
        keeper: the pid by which others end the desktop, and the namespace in which it is meant.
    """

    name: str
    settings: Settings
    at: Places
    log: IO[bytes]
    display: str = ""
    x_server: Optional[int] = None
    window_manager: Optional[int] = None
    keeper: Tuple[int, str] = field(default_factory=lambda: (os.getpid(), pid_namespace()))
    _back_off: float = field(default=0.1, repr=False)
    _manager_since: float = field(default=0.0, repr=False)
    _started: float = field(default=0.0, repr=False)
    _has_caretaker: bool = field(default=False, repr=False)

    def start(self, seconds: float) -> Record:
        """Start everything within ``seconds``, and return what is to be written down.

        Raises:
            CasaDesktopError: a program is missing, ended at once, or took too long.
        """
        deadline = time.monotonic() + seconds
        server = _program(XServerMissing, "Xvnc", "Xtigervnc")
        manager = _program(WindowManagerMissing, "icewm")
        xauthority.write(self.at.xauthority)
        number = self._start_x_server(server)
        # While Xvnc starts.
        links.install(self.at, sys.executable)
        self._write_icewm_files()
        self._await_display(number, deadline, seconds)
        self._start_window_manager(manager)
        self._paint_background()
        self._await_banner(deadline)
        self._started = time.monotonic()
        return self._record()

    def _start_x_server(self, program: str) -> int:
        """Start Xvnc; return the descriptor on which it will tell the number of its display."""
        reader, writer = os.pipe()
        command = x_server_command(
            program,
            self.settings,
            title=f"CASA Desktop {self.name}",
            xauthority=self.at.xauthority,
            rfb_socket=self.at.rfb_socket,
            display_fd=writer,
            env=os.environ,
        )
        try:
            self.x_server = spawn(command, log=self.log, pass_fds=[writer]).pid
        finally:
            # Ours must be closed, or Xvnc's end would never be seen on the reading side.
            os.close(writer)
        return reader

    def _await_display(self, reader: int, deadline: float, seconds: float) -> None:
        number = read_line(reader, deadline)
        os.close(reader)
        if number is None:
            raise StartTimeout(self.name, seconds, "Xvnc's display number")
        if not number.isdigit():
            raise StartFailed(self.name, f"Xvnc ended at once. It said: {self._last_words()}")
        self.display = f":{number.decode()}"
        xauthority.name_display(self.at.xauthority, int(number))

    def _await_banner(self, deadline: float) -> None:
        try:
            banner = rfb_banner(self.at.rfb_socket, max(deadline - time.monotonic(), 0.1))
        except OSError as error:
            raise StartFailed(self.name, f"nothing answers at {self.at.rfb_socket}: {error}") from error
        if not banner.startswith(b"RFB "):
            raise StartFailed(self.name, f"{self.at.rfb_socket} greets with {banner!r} instead of RFB")

    def _write_icewm_files(self) -> None:
        other = self.settings.tools_python
        python = (other,) if other else finding(sys.executable)
        tools = [
            icewm.MenuEntry(label, "-", (*python, "-m", "casa_kernel.tools", "run", tool))
            for tool, label in icewm.TOOLS.items()
        ]
        terminal = icewm.MenuEntry("Terminal", "utilities-terminal", ("xterm", "-fa", "Monospace", "-fs", "11"))
        themes = self.at.icewm / "themes"
        themes.mkdir(parents=True, exist_ok=True)
        (themes / "casa").symlink_to(THEME_FOLDER)
        (self.at.icewm / "preferences").write_text(icewm.preferences(), encoding="utf-8")
        (self.at.icewm / "menu").write_text(icewm.menu(tools, [terminal]), encoding="utf-8")
        (self.at.icewm / "toolbar").write_text(icewm.toolbar([terminal]), encoding="utf-8")

    def _start_window_manager(self, program: str) -> None:
        command = self._window_manager_command(program)
        self.window_manager = spawn(command, log=self.log, cwd=_home()).pid
        self._manager_since = time.monotonic()

    def _paint_background(self) -> None:
        """Start IceWM's painter of the background, where it is installed; a desktop without it is black."""
        program = shutil.which("icewmbg")
        if program:
            spawn(self._window_manager_command(program), log=self.log)

    def _bring_caretaker(self) -> Optional[float]:
        """Start the caretaker when it is due; else return the seconds until then."""
        if self._has_caretaker:
            return None
        left = self._started + QUIET_SECONDS - time.monotonic()
        if left > 0:
            return left
        self._has_caretaker = True
        self._start_caretaker()
        return None

    def _start_caretaker(self) -> None:
        command = self._window_manager_command(sys.executable)
        words = (self.name, str(self.settings.idle_minutes), self.settings.geometry)
        spawn(Command((*command.argv, "-m", "casa_desktop.caretaker", *words), seen(command.env)), log=self.log)

    def _window_manager_command(self, program: str) -> Command:
        return window_manager_command(
            program,
            config=self.at.icewm,
            display=self.display,
            xauthority=self.at.xauthority,
            env={**os.environ, **links.environment(self.at, os.environ)},
        )

    def _record(self) -> Record:
        assert self.x_server is not None
        return Record(
            name=self.name,
            display=self.display,
            xauthority=str(self.at.xauthority),
            rfb_socket=str(self.at.rfb_socket),
            supervisor_pid=self.keeper[0],
            pid_namespace=self.keeper[1],
            x_server_pid=self.x_server,
            started=time.time(),
            version=__version__,
            idle_minutes=self.settings.idle_minutes,
        )

    def watch(self) -> None:
        """Keep the desktop going until a signal asks for its end or its X server ends."""
        pause = self._bring_caretaker()
        while True:
            if pause is None:
                received: Optional[int] = signal.sigwait(_AWAITED)
            else:
                information = signal.sigtimedwait(_AWAITED, pause)
                received = information.si_signo if information else None
            if received not in (signal.SIGCHLD, None):
                return
            self._reap()
            if self.x_server is None:
                return
            waits = (self._revive_window_manager(), self._bring_caretaker())
            pause = min((each for each in waits if each is not None), default=None)

    def _reap(self) -> None:
        """Take note of every child that has ended; adopted orphans among them."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.x_server:
                self.x_server = None
            elif pid == self.window_manager:
                self.window_manager = None

    def _revive_window_manager(self) -> Optional[float]:
        """Start a dead window manager again when it is due; else return the seconds until then."""
        if self.window_manager is not None:
            return None
        lived = time.monotonic() - self._manager_since
        if lived > LONGEST_BACK_OFF_SECONDS:
            self._back_off = 0.1
        if lived < self._back_off:
            return self._back_off - lived
        self._back_off = min(self._back_off * 2, LONGEST_BACK_OFF_SECONDS)
        program = shutil.which("icewm")
        if program is None:
            return LONGEST_BACK_OFF_SECONDS
        self._start_window_manager(program)
        return None

    def stop(self) -> None:
        """End everything on the desktop, Xvnc last, and remove the desktop's folder."""
        # First of all, so that nobody takes a desktop for running that is about to go.
        self.at.record.unlink(missing_ok=True)
        everything = descendants()
        server = [each for each in everything if each.pid == self.x_server]
        end((each for each in everything if each.pid != self.x_server), GRACE_SECONDS)
        end(server, GRACE_SECONDS)
        xfiles.remove_dead(self.display)
        clear(self.at.folder)

    def _last_words(self) -> str:
        self.log.flush()
        lines = self.at.log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " ".join(said[-3:]) or "nothing"


def _program(missing: type[XServerMissing] | type[WindowManagerMissing], *programs: str) -> str:
    for each in programs:
        found = shutil.which(each)
        if found:
            return found
    package = "icewm" if missing is WindowManagerMissing else "tigervnc-standalone-server"
    raise missing(programs, package)


def _home() -> str:
    home = os.path.expanduser("~")
    return home if os.path.isdir(home) else "/"


def detach() -> None:
    """Become a child of nobody in particular, so that whoever started us keeps no zombie of us."""
    if os.fork():
        os._exit(0)
    os.setsid()


def main(name: str, ready_fd: int, seconds: float, settings: str, *keeper: str) -> int:
    """Run one desktop from its start to its end; return the exit status."""
    hide(os.environ)
    if not keeper:
        detach()
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    adopt_orphans()
    at = places(name)
    # Never closed: the lock goes when the process has gone, and not before.
    locks.hold(at.folder)
    with open(at.log, "ab", buffering=0) as log:
        supervisor = Supervisor(name, Settings(**json.loads(settings)), at, log)
        if keeper:
            supervisor.keeper = (int(keeper[0]), keeper[1])
        try:
            supervisor.start(seconds).write(at.record)
        except (CasaDesktopError, OSError) as error:
            supervisor.stop()
            said = _said(name, at, error)
            _report(ready_fd, {"error": str(said), "kind": type(said).__name__})
            return 1
        _report(ready_fd, {})
        _let_go_of_standard_streams(log)
        try:
            supervisor.watch()
        finally:
            supervisor.stop()
    return 0


def _said(name: str, at: Places, error: Exception) -> CasaDesktopError:
    """Return what whoever waits is told of an error: a disk may be full, or there may be no descriptor left."""
    if isinstance(error, OSError):
        return StartFailed(name, str(Shortage.of(error, at.folder) or error))
    assert isinstance(error, CasaDesktopError)
    return error


def _report(ready_fd: int, words: Dict[str, str]) -> None:
    """Say the one line to whoever waits: on a descriptor, or through the launcher outside of our container."""
    if ready_fd >= 0:
        with os.fdopen(ready_fd, "w") as ready:
            ready.write(json.dumps(words) + "\n")
        return
    lifeline.ask(os.environ[lifeline.VARIABLE], lifeline.Word("report", words), GRACE_SECONDS)


def _let_go_of_standard_streams(log: IO[bytes]) -> None:
    """Send our own words to the log: the starter's terminal or pipe may go away before we do."""
    for descriptor in (1, 2):
        os.dup2(log.fileno(), descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:]))
