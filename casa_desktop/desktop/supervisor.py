"""The supervisor of a desktop: the parent process of Xvnc and the window manager. There is one per desktop.

Run as ``python -m casa_desktop.desktop.supervisor NAME DESCRIPTORS SECONDS SETTINGS``. It detaches itself from its
starter, starts Xvnc and the window manager, writes the record, and reports to the starter if that still runs
(``desktop.starter``). Then it waits for the end of a child, for a signal, for the removal of its folder, or for the end
of the Slurm job in which it runs. It never polls. Before it ends, it ends the programs of the desktop and removes its
folder (``desktop.ending``).

A logout removes $XDG_RUNTIME_DIR, and a cleaner of /tmp removes old files there. Without its folder no process can find
a desktop, so the supervisor ends, and writes the reason where other processes look next
(``runtime.exit_reason.write_removal``). By then the path may belong to another desktop, whose files are left alone.

The supervisor restarts a child that dies, and continues one that was stopped (``system.respawn``). If Xvnc dies, all
programs on its display end, too: the new Xvnc starts with the window manager only, and the record is written again.

In a container the supervisor has two more arguments: the process id and the pid namespace of the launcher outside, by
which other processes can signal it. It then reports over the launcher's socket, and does not detach itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import IO, Any, List, Optional, Tuple

from .. import __version__
from ..errors import CasaDesktopError, Shortage, StartFailed
from ..runtime import x_files
from ..runtime.directory import Places, places
from ..runtime.exit_reason import write_last_words
from ..runtime.record import Record
from ..runtime.settings import Settings
from ..system import locks
from ..system.descriptors import raise_limit, readable
from ..system.formatted_error import described
from ..system.log_limit import LogLimit
from ..system.open_folder import Foothold
from ..system.process import adopt_orphans, namespace
from ..system.pythonpath import hide
from ..system.respawn import RECENT_SECONDS, Child
from ..system.signals import Signals
from ..system.slurm_job import Steps
from . import cleanup
from .ending import end_desktop
from .lifetime import Lifetime
from .mending import Mender
from .programs import Programs
from .starter import detach, report

# The agent is started after this delay. A process that starts while a page waits for its first picture delays the
# picture: X, the window manager and the browser keep two cores busy. With an agent that started at once, the agent used
# a sixth of the time from the click to the picture.
QUIET_SECONDS = 0.3
# How long an Xvnc that replaces a dead one may take to start; 0.2 s is usual.
REVIVAL_SECONDS = 5.0
# The X server is given up after this many ends within a minute: the next attempt would not be better.
MOST_ENDS = 5
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Supervisor:
    """The processes of one desktop.

    Args:
        programs: the desktop's programs, which become children.
        signals: SIGCHLD, and the signals that end the desktop.
        lock: the descriptor of the folder's lock.
        keeper: the process id by which other processes end the desktop, and the pid namespace in which it is valid; by
            default this process's own.

    Attributes:
        x_server, window_manager, agent: the children.
        mender: restores removed files of the desktop's folder.
        lifetime: how long it may run.
    """

    def __init__(
        self, programs: Programs, signals: Signals, lock: int, keeper: Optional[Tuple[int, str]] = None
    ) -> None:
        self.programs, self.signals, self.lock = programs, signals, lock
        self.at, self.log = programs.at, programs.log
        self.lifetime = Lifetime(programs.settings.lifetime_minutes)
        self._itself = (os.getpid(), namespace("pid"))
        self.keeper = keeper or self._itself
        self.x_server = Child(programs.start_x_server, self._say)
        self.window_manager = Child(programs.start_window_manager, self._say)
        self.agent = Child(programs.start_agent, self._say)
        self.mender = Mender(self.at, lambda: self._record().write(self.at.record), self.log.fileno(), self._say)

    def start(self, seconds: float) -> Record:
        """Start all processes within ``seconds``; return the record, which the caller writes.

        Raises:
            CasaDesktopError: a program is missing, ended at once, or took too long.
            OSError: there is no space, or no further process can be started.
        """
        deadline = time.monotonic() + seconds
        # Before any process starts.
        self.programs.check()
        self.x_server.pid = self.programs.start_x_server()
        # Done while Xvnc starts.
        self.programs.write_files()
        self._furnish(deadline, seconds)
        self.programs.xvnc.let_in()
        return self._record()

    def _furnish(self, deadline: float, seconds: float) -> None:
        """Wait for the X server that was just started, then start the window manager and the agent on it."""
        self.programs.display = self.programs.xvnc.await_display(deadline, seconds)
        self.window_manager.start()
        self.programs.paint_background()
        self.programs.xvnc.await_banner(deadline)
        self.agent.start_in(QUIET_SECONDS)

    def _record(self) -> Record:
        assert self.x_server.pid is not None
        return Record(
            name=self.at.name,
            display=self.programs.display,
            xauthority=str(self.at.xauthority),
            rfb_socket=str(self.at.rfb_socket),
            supervisor_pid=self.keeper[0],
            pid_namespace=self.keeper[1],
            x_server_pid=self.x_server.pid,
            started=time.time(),
            version=__version__,
            idle_minutes=self.programs.settings.idle_minutes,
            ends=self.lifetime.ends,
        )

    def watch(self) -> None:
        """Run the desktop until a signal ends it, its life or its job is over, or its folder or X server is lost."""
        foothold = Foothold(self.at.folder, self.lock)
        limit = LogLimit(self.log.fileno(), foothold.await_write)
        steps = Steps(os.environ)
        while True:
            if not _ENDING.isdisjoint(self._wait(foothold, limit, steps)):
                return
            if steps.have_ended():
                self._say("The Slurm job in which this desktop runs has ended. The desktop ends.")
                return
            if not foothold.stands():
                self._say("The folder of this desktop was removed or moved away. The desktop ends.")
                return
            if self.lifetime.is_over():
                self._say(self.lifetime.words)
                write_last_words(self.at.name, self.lifetime.words)
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

    def _wait(self, foothold: Foothold, limit: LogLimit, steps: Steps) -> List[int]:
        """Wait for signals and return them; an empty list if something else is to be looked at."""
        those = (self.x_server, self.window_manager, self.agent, self.mender, limit, self.lifetime)
        waits = [max(each.due - time.monotonic(), 0) for each in those if each.due is not None]
        seconds = min([*waits, *filter(None, [foothold.seconds])], default=None)
        sources: List[Any] = [self.signals, *foothold.readable, *steps.running]
        readable(sources, seconds)
        return self.signals.take()

    def _reap(self) -> None:
        """Process the status of every child that has ended, stopped or continued, adopted descendants included."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.window_manager.take(pid, status)
            self.agent.take(pid, status)
            if self.x_server.take(pid, status):
                # Both end without an X server, unless they are stopped; until it runs again they have nothing to do.
                self.window_manager.drop()
                self.agent.drop()

    def _mend(self) -> None:
        """Restart or continue the children that are due, and restore removed files."""
        if self.x_server.is_due() and self.x_server.pid is None:
            self._revive()
        for each in (self.x_server, self.window_manager, self.agent):
            if each.is_due():
                each.mend()
        if self.mender.is_due():
            self.mender.mend()

    def _revive(self) -> None:
        """Start another X server in place of the one that has died."""
        self._say("The X server has ended, and what was on the desktop with it. Another one is started.")
        self.mender.forget()
        x_files.remove_dead(self.programs.display)
        self.x_server.start()
        if self.x_server.pid is None:
            return
        try:
            self._furnish(time.monotonic() + REVIVAL_SECONDS, REVIVAL_SECONDS)
            self._record().write(self.at.record)
            self.programs.xvnc.let_in()
            self.mender.keep()
        except (CasaDesktopError, OSError) as error:
            self._say(str(error))
            # Its end is reported like any other, and leads to the next attempt.
            self.x_server.signal(signal.SIGKILL)

    def _give_up(self) -> None:
        words = f"Its X server ended {len(self.x_server.ends)} times within {RECENT_SECONDS:g} s, and was given up."
        self._say(words)
        write_last_words(self.at.name, f"{words} The log's last words: {self.programs.xvnc.last_words()}")

    def _say(self, sentence: str) -> None:
        # A full disk must not end the desktop.
        with suppress(OSError):
            self.log.write(f"casa-desktop: {sentence}\n".encode())

    def stop(self) -> None:
        """End all programs on the desktop, Xvnc last, and remove the desktop's folder."""
        contained = self.keeper != self._itself
        end_desktop(self.at, self.lock, self.programs.display, self.x_server, contained=contained)


def main(name: str, descriptors: str, seconds: float, settings: str, *keeper: str) -> int:
    """Run one desktop from its start to its end; return the exit status."""
    hide(os.environ)
    raise_limit()
    if not keeper:
        detach()
    # Not sigwait(3): after SIGSTOP and SIGCONT it has returned invalid signal numbers, and the signal was lost.
    signals = Signals([signal.SIGCHLD, *_ENDING])
    adopt_orphans()
    at = places(name)
    # In a container no other process has set these variables.
    os.environ.update(cleanup.mark(at, None if keeper else os.getsid(0)))
    # Never closed: the lock must be held until the process has ended.
    lock = locks.hold(at.folder)
    with open(at.log, "a+b", buffering=0) as log:
        programs = Programs(Settings(**json.loads(settings)), at, log)
        supervisor = Supervisor(programs, signals, lock, (int(keeper[0]), keeper[1]) if keeper else None)
        try:
            supervisor.start(seconds).write(at.record)
            supervisor.mender.keep()
        except (CasaDesktopError, OSError) as error:
            supervisor.stop()
            report(descriptors, described(_reported(name, at, error)))
            return 1
        report(descriptors, {})
        _let_go_of_standard_streams(log)
        try:
            supervisor.watch()
        finally:
            supervisor.stop()
    return 0


def _reported(name: str, at: Places, error: Exception) -> CasaDesktopError:
    """Return the error to report to the starter; an OSError, such as a full disk, becomes a StartFailed."""
    if isinstance(error, OSError):
        return StartFailed(name, str(Shortage.of(error, at.folder) or error))
    assert isinstance(error, CasaDesktopError)
    return error


def _let_go_of_standard_streams(log: IO[bytes]) -> None:
    """Redirect our output to the log: the starter's terminal or pipe may close before this process ends."""
    for descriptor in (1, 2):
        os.dup2(log.fileno(), descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:]))
