"""The launcher of a kernel over MPI: the process that Jupyter knows, in place of the kernel.

``python -m casa_kernel.ranks.launcher -f FILE --ranks 8 [--hosts FILE] [--oversubscribe] [-- CASA'S OPTIONS]`` enters
the kernel's own network and then starts mpirun, so that all ranks are in there: Open MPI's processes cannot meet across
two network namespaces. Rank 0 is the kernel, the others are CASA's servers (``ranks.server``). mpirun has a session of
its own, because Jupyter interrupts the whole process group of a kernel, and mpirun would end at that.

- SIGINT goes to the kernel alone, and SIGTERM to mpirun, which ends all.
- When one of the ranks has ended, the kernel tells so in the notebook, and then all of them end, with the launcher.
- When the kernel has ended, the servers end at once, and not when they ask next.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from casa_desktop import names
from casa_desktop.errors import CasaDesktopError, CasampiMissing, HostsOutOfReach, RanksFailed
from casa_desktop.network import connection_arguments, isolate, namespace
from casa_desktop.network.isolate import Quarters
from casa_desktop.system import messages, mpi, process, unix_sockets
from casa_desktop.system.event_loop import Door, EventLoop
from casa_desktop.system.messages import Decoder, Word
from casa_desktop.system.mpi import Ranks
from casa_desktop.system.pythonpath import module
from casa_desktop.system.readiness import Waiting
from casa_desktop.system.signals import Signals

from ..tools.private_folder import PrivateFolder
from .mpirun import Mpirun
from .rank import Rank, peer

# In seconds: for all ranks to load CASA, which may take minutes from a slow disk; for the kernel to tell of a lost one,
# in which native code may hinder it; for that to reach Jupyter; and for mpirun to end all.
_LONGEST_START = 300.0
_LONGEST_TELLING = 10.0
_LAST_WORDS = 2.0
_GRACE = 4.0


class Launcher:
    """Runs the ranks of one kernel.

    Args:
        ranks: how many, and where.
        home: the network in which this process is.
        waiting: the process that waits for the kernel.
    """

    def __init__(self, ranks: Ranks, home: Quarters, waiting: Waiting) -> None:
        self._wanted, self._home, self._waiting = ranks, home, waiting
        self._folder = PrivateFolder()
        self._loop = EventLoop()
        self._ranks: Dict[int, Rank] = {}
        self._mpirun: Optional[Mpirun] = None
        # How many servers have loaded CASA: one that cannot must not be waited for by the kernel.
        self._loaded = 0
        self._failure = ""
        self._due = math.inf
        self._started = self._leaving = self._ending = False
        # What Jupyter is told in the end; 0 when the kernel has ended by itself.
        self._status = 1
        self._reason = ""
        signals = Signals([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD])
        self._loop.on(signals, lambda: self._take_signals(signals))
        parent = process.open_pid(os.getppid())
        if parent is not None:
            self._loop.on(parent, lambda: self._end(parent))

    def run(self, argv: Sequence[str], environ: Mapping[str, str]) -> int:
        """Start mpirun with a command line, and return the exit status when everything has ended.

        Raises:
            RanksFailed: the ranks have not started.
        """
        path = self._folder.path / "ranks.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(self._wanted.number)
            door = Door(listener)
            self._loop.on(door, lambda: self._accept(door))
            self._mpirun = Mpirun(argv, {**environ, names.RANKS: str(path)}, self._loop, self._is_heard)
            self._due = time.monotonic() + _LONGEST_START
            try:
                while self._mpirun.is_running():
                    self._loop.turn(None if self._due == math.inf else max(self._due - time.monotonic(), 0))
                    if time.monotonic() >= self._due:
                        self._take_deadline()
            finally:
                self._finish()
        if not self._started:
            raise RanksFailed(self._wanted.number, self._explained(self._mpirun))
        return self._status

    def _is_heard(self) -> bool:
        """Return whether what mpirun says is passed on; it complains when ranks are ended."""
        return not ((self._ending and self._started) or self._leaving)

    def _accept(self, door: Door) -> None:
        connection = door.accept()
        pid, user = peer(connection)
        if user != os.geteuid():
            connection.close()
            return
        decoder = Decoder()
        self._loop.on(connection, lambda: self._read(connection, pid, decoder))

    def _read(self, connection: socket.socket, pid: int, decoder: Decoder) -> None:
        try:
            received = connection.recv(4096)
        except OSError:
            received = b""
        if not received:
            self._loop.off(connection)
            connection.close()
            # A process that the rank has forked keeps no connection open. Its end is noticed below, if it can be.
            gone = [each for each in self._ranks.values() if each.connection is connection and each.life is None]
            for rank in gone:
                self._take_end(rank)
            return
        for word in decoder.feed(received):
            if word.kind == "rank" and word.number is not None:
                self._enter(Rank(word.number, pid, connection))
            elif word.kind == "loaded":
                self._loaded += 1
            elif word.kind == "failed":
                self._failure = str(word.value)
            elif word.kind == "ended":
                self._status, self._leaving = 0, True
            elif word.kind == "told" and not self._ending:
                self._due = time.monotonic() + _LAST_WORDS
            elif word.kind == "imported":
                self._tell_servers(word)
        # Servers on other machines do not connect.
        if not self._started and 0 in self._ranks and (self._wanted.hosts or self._loaded == self._wanted.number - 1):
            self._started = True
            self._due = math.inf
            self._waiting.close()

    def _enter(self, rank: Rank) -> None:
        self._ranks[rank.number] = rank
        if rank.life is not None:
            self._loop.on(rank.life, lambda: self._take_end(rank))
        if rank.number == 0:
            with suppress(OSError):
                for word, descriptors in self._home.handed_over():
                    unix_sockets.send(rank.connection, messages.encode(word), descriptors)

    def _tell_servers(self, word: Word) -> None:
        for number, rank in self._ranks.items():
            if number:
                with suppress(OSError):
                    rank.connection.sendall(messages.encode(word))

    def _take_end(self, rank: Rank) -> None:
        """Handle the end of a rank."""
        if rank.life is not None:
            self._loop.off(rank.life)
            rank.forget_life()
        self._ranks.pop(rank.number, None)
        if rank.number == 0 or not self._started:
            self._end()
        elif not (self._reason or self._ending or self._leaving):
            self._lose(f"Rank {rank.number} of {self._wanted.number} (process {rank.pid})")

    def _lose(self, what: str) -> None:
        """Have the kernel tell that something of it has ended, and end everything soon."""
        self._reason = (
            f"{what} has ended: it was killed, or it crashed; perhaps memory ran out. CASA cannot work on without it, "
            "so this kernel ends, and its variables are lost. Restart it to go on."
        )
        with suppress(OSError):
            os.write(2, f"casa-desktop: {self._reason}\n".encode())
        kernel = self._ranks.get(0)
        if kernel is not None:
            with suppress(OSError):
                kernel.connection.sendall(messages.encode(Word("lost", self._reason)))
        self._due = time.monotonic() + _LONGEST_TELLING

    def _take_signals(self, signals: Signals) -> None:
        for number in signals.take():
            kernel = self._ranks.get(0)
            if number == signal.SIGINT and kernel is not None:
                kernel.signal_group(signal.SIGINT)
            elif number in (signal.SIGTERM, signal.SIGHUP):
                self._end()

    def _take_deadline(self) -> None:
        if self._ending and self._mpirun is not None:
            self._mpirun.kill()
        self._end()

    def _end(self, source: Optional[int] = None) -> None:
        """End all ranks: the servers at once, the kernel by SIGTERM; mpirun ends with the last."""
        if source is not None:
            self._loop.off(source)
        if self._ending or self._mpirun is None:
            return
        self._ending = True
        self._due = time.monotonic() + _GRACE
        for rank in self._ranks.values():
            rank.signal_group(signal.SIGKILL if rank.number else signal.SIGTERM)
        # Ranks that are not connected: on other machines, or about to begin.
        if self._wanted.hosts or not self._started:
            self._mpirun.terminate()

    def _finish(self) -> None:
        """Leave nothing behind."""
        if self._mpirun is not None:
            self._mpirun.finish()
            if self._started and not self._ending and not self._reason and 0 in self._ranks:
                self._lose("mpirun")
                self._outlast()
        for rank in self._ranks.values():
            rank.signal_group(signal.SIGKILL)
        self._folder.close()

    def _outlast(self) -> None:
        """Wait until the kernel has told that mpirun was killed."""
        while 0 in self._ranks and time.monotonic() < self._due:
            self._loop.turn(max(self._due - time.monotonic(), 0))

    def _explained(self, mpirun: Mpirun) -> str:
        if self._failure:
            return self._failure
        said = mpirun.complaint or "nothing"
        missing = self._wanted.number - 1 - self._loaded
        return f"{missing} of {self._wanted.number - 1} servers did not begin, and the last that was said is: {said}."


def check(ranks: Ranks, environ: Mapping[str, str]) -> str:
    """Return the path of mpirun.

    Raises:
        CasaDesktopError: something is missing, or the number of ranks does not fit this machine.
    """
    from importlib.util import find_spec

    mpi.checked(ranks, mpi.processors())
    if ranks.hosts and namespace.wanted(environ):
        raise HostsOutOfReach(ranks.hosts)
    if find_spec("casampi") is None or find_spec("mpi4py") is None:
        raise CasampiMissing(sys.executable)
    return mpi.program(environ)


def parsed(words: Sequence[str]) -> Tuple[Ranks, List[str], List[str]]:
    """Return the ranks, the other arguments of the kernel, and CASA's options."""
    own, behind = connection_arguments.split(words)
    parser = argparse.ArgumentParser("casa_kernel.ranks.launcher", allow_abbrev=False, add_help=False)
    parser.add_argument("--ranks", type=int, required=True)
    parser.add_argument("--hosts", default="")
    parser.add_argument("--oversubscribe", action="store_true")
    found, others = parser.parse_known_args(own)
    return Ranks(found.ranks, found.hosts, found.oversubscribe), others, behind


def main(words: Sequence[str]) -> int:
    """Run the kernel as the command line asks; return the exit status."""
    waiting = Waiting(os.environ.pop(names.READY_FD, ""))
    try:
        ranks, own, behind = parsed(words)
        mpirun = check(ranks, os.environ)
        casa = ["--", *behind] if behind else []
        home = isolate.move_in(connection_arguments.file(own), os.environ, connection_arguments.said(own))
        argv = mpi.command(
            mpirun,
            ranks,
            [sys.executable, *module("casa_kernel"), *own, *casa],
            [sys.executable, *module(names.RANKS_SERVER), *casa],
            root=os.geteuid() == 0,
            private=home.moved or namespace.is_private(os.environ),
        )
        environ = mpi.environment(os.environ, ranks, mpi.processors())
        return Launcher(ranks, home, waiting).run(argv, environ)
    except (CasaDesktopError, OSError, ValueError) as error:
        print(f"casa-desktop: {error}", file=sys.stderr)
        waiting.tell(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
