"""The supervisor: the process that owns a desktop's children. One per desktop.

Run as ``python -m casa_desktop.supervisor NAME DESCRIPTORS SECONDS SETTINGS``. It detaches itself from its starter,
starts Xvnc and the window manager, writes the record, reports to the starter (``starter``), if that is still there, and
then waits: for a child's end, for a signal, or for the removal of its folder. It never polls. When it ends, it has
ended its own children and every program with a window, and removed its folder. The terminals hang up as anywhere; what
their user has detached from them lives on.

A logout removes $XDG_RUNTIME_DIR, and a cleaner of /tmp what is old there. No process can find a desktop without its
folder, so it ends and leaves the reason where it is looked for next (``lastwords.write_removal``). By then its path may
be another desktop's; nothing of that is touched.

A child that dies comes back, and one that was stopped goes on (``children``). With Xvnc goes all that was shown on it:
the next one has nothing on it but the window manager, and the record is written anew.

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
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Dict, List, Tuple

from . import __version__, icewmfiles, lifeline, links, locks, reaper, xclients, xfiles
from .children import RECENT_SECONDS, Child
from .commands import Command, Settings, window_manager_command
from .descriptors import raise_limit, readable
from .errors import CasaDesktopError, LinkFailed, Shortage, StartFailed, WindowManagerMissing, XServerMissing
from .folders import Foothold, is_at
from .lastwords import write_last_words, write_removal
from .loglimit import LogLimit
from .mending import Mender
from .ourselves import hide, seen
from .process import adopt_orphans, descendants, end, is_in_session, namespace, spawn
from .runtime import Places, Record, clear, places
from .signals import Signals
from .starter import IN_CONTAINER, Starter, detach
from .xvnc import Xvnc

if TYPE_CHECKING:
    import psutil

X_SERVERS, WINDOW_MANAGERS = ("Xvnc", "Xtigervnc"), ("icewm",)
GRACE_SECONDS = 3.0
# How long the X server may take to say who its clients are; 0.1 s is usual.
CLIENTS_SECONDS = 2.0
# What is started when a page waits for its first picture delays that: two cores are busy with X, the window manager and
# the browser. The caretaker took a sixth of the time from the click to the picture there; it comes so much later.
QUIET_SECONDS = 0.3
# How long an Xvnc may take that comes in the place of another; 0.2 s is usual.
REVIVAL_SECONDS = 5.0
# One that dies so often within a minute will not be better the next time.
MOST_ENDS = 5
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass
class Supervisor:
    """One desktop's processes.

    Attributes:
        name: the desktop's name.
        settings: the user's choices.
        at: the desktop's paths.
        log: takes what the children say.
        signals: those of children's ends, and of its own.
        lock: the descriptor that holds the folder's lock.
        display: X's name of the desktop once Xvnc has told it.
        keeper: the pid by which others end the desktop, and the namespace in which it is meant.
        x_server, window_manager, caretaker: the children.
        mender: puts back what is removed of its folder.
    """

    name: str
    settings: Settings
    at: Places
    log: IO[bytes]
    signals: Signals
    lock: int
    display: str = ""
    keeper: Tuple[int, str] = field(default_factory=lambda: (os.getpid(), namespace("pid")))

    def __post_init__(self) -> None:
        self._xvnc = Xvnc("", self.name, self.settings, self.at, self.log)
        self.x_server = Child(self._start_x_server, self._say)
        self.window_manager = Child(self._start_window_manager, self._say)
        self.caretaker = Child(self._start_caretaker, self._say)
        self.mender = Mender(self.at, lambda: self._record().write(self.at.record), self._say)

    def start(self, seconds: float) -> Record:
        """Start everything within ``seconds``, and return what is to be written down.

        Raises:
            CasaDesktopError: a program is missing, ended at once, or took too long.
            OSError: there is no room, or no process more.
        """
        deadline = time.monotonic() + seconds
        # Before anything is started; the X server first, which is what most machines lack.
        for missing, programs in ((XServerMissing, X_SERVERS), (WindowManagerMissing, WINDOW_MANAGERS)):
            _program(missing, *programs)
        self.x_server.pid = self._start_x_server()
        # While Xvnc starts.
        links.install(self.at, sys.executable)
        icewmfiles.write(self.at, self.settings.tools_python)
        self._furnish(deadline, seconds)
        self._xvnc.let_in()
        return self._record()

    def _furnish(self, deadline: float, seconds: float) -> None:
        """Wait for the X server that was just started, and put on it what belongs there."""
        self.display = self._xvnc.await_display(deadline, seconds)
        self.window_manager.start()
        self._paint_background()
        self._xvnc.await_banner(deadline)
        self.caretaker.start_in(QUIET_SECONDS)

    def _start_x_server(self) -> int:
        self._xvnc.program = _program(XServerMissing, *X_SERVERS)
        return self._xvnc.start()

    def _start_window_manager(self) -> int:
        command = self._window_manager_command(_program(WindowManagerMissing, *WINDOW_MANAGERS))
        return spawn(command, log=self.log, cwd=_home())

    def _paint_background(self) -> None:
        """Start IceWM's painter of the background, where it is installed; a desktop without it is black."""
        program = shutil.which("icewmbg")
        if program:
            spawn(self._window_manager_command(program), log=self.log)

    def _start_caretaker(self) -> int:
        command = self._window_manager_command(sys.executable)
        words = (self.name, str(self.settings.idle_minutes), self.settings.geometry)
        argv = (*command.argv, "-m", "casa_desktop.caretaker", *words)
        return spawn(Command(argv, seen(command.env)), log=self.log)

    def _window_manager_command(self, program: str) -> Command:
        return window_manager_command(
            program,
            config=self.at.icewm,
            display=self.display,
            xauthority=self.at.xauthority,
            env={**os.environ, **links.environment(self.at, os.environ)},
        )

    def _record(self) -> Record:
        assert self.x_server.pid is not None
        return Record(
            name=self.name,
            display=self.display,
            xauthority=str(self.at.xauthority),
            rfb_socket=str(self.at.rfb_socket),
            supervisor_pid=self.keeper[0],
            pid_namespace=self.keeper[1],
            x_server_pid=self.x_server.pid,
            started=time.time(),
            version=__version__,
            idle_minutes=self.settings.idle_minutes,
        )

    def watch(self) -> None:
        """Keep the desktop going until a signal asks for its end, its folder goes, or its X server is given up."""
        foothold = Foothold(self.at.folder, self.lock)
        limit = LogLimit(self.log.fileno(), foothold.await_write)
        while True:
            if not _ENDING.isdisjoint(self._wait(foothold, limit)):
                return
            if not foothold.stands():
                self._say("The folder of this desktop was removed or moved away. The desktop ends.")
                return
            self.mender.look()
            limit.look()
            self._reap()
            if len(self.x_server.ends) >= MOST_ENDS:
                self._give_up()
                return
            self._mend()
            if limit.is_due():
                limit.mend()

    def _wait(self, foothold: Foothold, limit: LogLimit) -> List[int]:
        """Wait for signals and return them; none when something is due, or the folder may have gone."""
        those = (self.x_server, self.window_manager, self.caretaker, self.mender, limit)
        waits = [max(each.due - time.monotonic(), 0) for each in those if each.due is not None]
        seconds = min([*waits, *filter(None, [foothold.seconds])], default=None)
        sources: List[Any] = [self.signals, *foothold.readable]
        readable(sources, seconds)
        return self.signals.take()

    def _reap(self) -> None:
        """Take note of every child that has ended, was stopped or goes on; adopted orphans among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.window_manager.take(pid, status)
            self.caretaker.take(pid, status)
            if self.x_server.take(pid, status):
                # They end by themselves, unless they are stopped; and nothing is for them to do until it is back.
                self.window_manager.drop()
                self.caretaker.drop()

    def _mend(self) -> None:
        """Do what is due."""
        if self.x_server.is_due() and self.x_server.pid is None:
            self._revive()
        for each in (self.x_server, self.window_manager, self.caretaker):
            if each.is_due():
                each.mend()
        if self.mender.is_due():
            self.mender.mend()

    def _revive(self) -> None:
        """Bring another X server in the place of one that has died."""
        self._say("The X server has ended, and what was on the desktop with it. Another one is started.")
        self.mender.forget()
        xfiles.remove_dead(self.display)
        self.x_server.start()
        if self.x_server.pid is None:
            return
        try:
            self._furnish(time.monotonic() + REVIVAL_SECONDS, REVIVAL_SECONDS)
            self._record().write(self.at.record)
            self._xvnc.let_in()
            self.mender.keep()
        except (CasaDesktopError, OSError) as error:
            self._say(str(error))
            # Its end, which is told like any other, is the reason to try once more.
            self.x_server.signal(signal.SIGKILL)

    def _give_up(self) -> None:
        words = f"Its X server ended {len(self.x_server.ends)} times within {RECENT_SECONDS:g} s, and was given up."
        self._say(words)
        write_last_words(self.name, f"{words} The log's last words: {self._xvnc.last_words()}")

    def _say(self, sentence: str) -> None:
        # A full disk is no reason for a desktop's end.
        with suppress(OSError):
            self.log.write(f"casa-desktop: {sentence}\n".encode())

    def stop(self) -> None:
        """End everything on the desktop, Xvnc last, and remove the desktop's folder."""
        stands = is_at(self.at.folder, self.lock)
        if stands:
            # First of all, so that nobody takes a desktop for running that is about to go.
            self.at.record.unlink(missing_ok=True)
        # Programs that take their leave of a stopped one would wait for it.
        self.x_server.signal(signal.SIGCONT)
        everything = self._ending()
        server = [each for each in everything if each.pid == self.x_server.pid]
        end((each for each in everything if each.pid != self.x_server.pid), GRACE_SECONDS)
        if not stands:
            # Not before, or what removes the folder would find another file in one that it has emptied; and not later,
            # for now each view asks what has become of its desktop.
            write_removal(self.name, self.at.folder)
            # Xvnc removes its sockets by their paths, which may be those of the next one.
            self.x_server.signal(signal.SIGKILL)
        end(server, GRACE_SECONDS)
        xfiles.remove_dead(self.display)
        clear(self.at.folder, self.lock)

    def _ending(self) -> List[psutil.Process]:
        """Return those of our descendants that end with the desktop: what is in our session, and what has windows.

        What its user has detached, by nohup(1) or setsid(1), is neither, nor is another desktop. The programs in a
        terminal get a SIGHUP when that closes. A container ends as a whole.
        """
        everything = descendants()
        if self.keeper != (os.getpid(), namespace("pid")):
            return everything
        clients = xclients.pids(self.display, self.at.xauthority, CLIENTS_SECONDS) if self.display else set()
        return [each for each in everything if each.pid in clients or is_in_session(each, os.getsid(0))]


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


def main(name: str, descriptors: str, seconds: float, settings: str, *keeper: str) -> int:
    """Run one desktop from its start to its end; return the exit status."""
    hide(os.environ)
    raise_limit()
    if not keeper:
        detach()
    # Not sigwait(3): after SIGSTOP and SIGCONT it has returned numbers of no signal, and the signal was lost.
    signals = Signals([signal.SIGCHLD, *_ENDING])
    adopt_orphans()
    at = places(name)
    # In a container no other process has said so.
    os.environ.update(reaper.mark(at, None if keeper else os.getsid(0)))
    # Never closed: the lock goes when the process has gone, and not before.
    lock = locks.hold(at.folder)
    with open(at.log, "a+b", buffering=0) as log:
        supervisor = Supervisor(name, Settings(**json.loads(settings)), at, log, signals, lock)
        if keeper:
            supervisor.keeper = (int(keeper[0]), keeper[1])
        try:
            supervisor.start(seconds).write(at.record)
            supervisor.mender.keep()
        except (CasaDesktopError, OSError) as error:
            supervisor.stop()
            said = _said(name, at, error)
            _report(descriptors, {"error": str(said), "kind": type(said).__name__})
            return 1
        _report(descriptors, {})
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


def _report(descriptors: str, words: Dict[str, str]) -> None:
    """Say the one line to the starter, or to the launcher outside of our container, which says it to the starter."""
    launcher = os.environ.get(lifeline.VARIABLE)
    if descriptors != IN_CONTAINER:
        Starter(descriptors).report(words)
    elif launcher:
        # A launcher that has gone ends the container; one that is slow is no reason for the desktop's end.
        with suppress(LinkFailed):
            lifeline.ask(launcher, lifeline.Word("report", words), GRACE_SECONDS)


def _let_go_of_standard_streams(log: IO[bytes]) -> None:
    """Send our own words to the log: the starter's terminal or pipe may go away before we do."""
    for descriptor in (1, 2):
        os.dup2(log.fileno(), descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:]))
