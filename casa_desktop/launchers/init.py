"""The init process of a container: ``python -m casa_desktop.launchers.init SOCKET GRACE FOLDER PROGRAM…``.

It runs a kernel or a desktop's supervisor, passes on to it the signals that the launcher outside sends over their
connection (``system.messages``), and ends everything in the container when the launcher has ended. In most containers
it is PID 1: it adopts orphaned processes, and all processes end with it. Where it is not PID 1, as in some of
Apptainer's containers, it does both by itself.

It is started in /, and only the program is started in the working folder: Python would search that folder first for its
modules.
"""

from __future__ import annotations

import os
import pwd
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence

from .. import names
from ..runtime.rendezvous import Berth, clear
from ..system import open_folder, unix_sockets
from ..system.messages import Decoder, Word, encode
from ..system.process import adopt_orphans, descendants, die_with, end
from ..system.signals import Signals

# The time for what the program has left behind, after the program itself has ended.
LAST_SECONDS = 1.0
_NO_ANSWER = 3
# A PID below this means that the PID namespace is new; an engine's own processes come first.
_YOUNG = 100


class Inside:
    """Runs one program in the container.

    Args:
        link: the connection to the launcher.
        argv: the program to run.
        folder: its working folder.
        env: its environment.
        grace: the time that it gets to end after SIGTERM, in seconds.
    """

    def __init__(
        self, link: socket.socket, argv: Sequence[str], folder: str, env: Mapping[str, str], grace: float
    ) -> None:
        self._link, self._decoder, self._grace = link, Decoder(), grace
        self._signals = Signals([signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        adopt_orphans()
        self._status: Optional[int] = None
        self._ending = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._signals, selectors.EVENT_READ)
        self._selector.register(link, selectors.EVENT_READ)
        self._program = _start(argv, folder, env)

    def run(self) -> int:
        """Run until everything has ended; return the program's return code, as ``subprocess`` defines it."""
        while self._status is None and not self._ending:
            self._take_events(None)
        if self._status is None:
            self._end_program()
        end(descendants(), LAST_SECONDS)
        status = -signal.SIGKILL if self._status is None else self._status
        with suppress(OSError):
            self._link.sendall(encode(Word("ended", status)))
        return status

    def _end_program(self) -> None:
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while self._status is None and time.monotonic() < deadline:
            self._take_events(deadline - time.monotonic())

    def _take_events(self, timeout: Optional[float]) -> None:
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._link:
                self._take_words()
            else:
                self._take_signals()

    def _take_signals(self) -> None:
        come = self._signals.take()
        self._reap()
        # To stop a container, an engine signals PID 1. Interrupts arrive only over the connection.
        if signal.SIGTERM in come or signal.SIGHUP in come:
            self._ending = True

    def _take_words(self) -> None:
        received = self._receive()
        if not received:
            self._selector.unregister(self._link)
            self._ending = True
            return
        for word in self._decoder.feed(received):
            if word.kind == "signal":
                self._signal(int(word.value))

    def _receive(self) -> bytes:
        try:
            return self._link.recv(4096)
        except OSError:
            return b""

    def _signal(self, number: int) -> None:
        # Signal only the program itself, as Jupyter does: a kernel's tools have process groups of their own.
        with suppress(ProcessLookupError):
            os.kill(self._program, number)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._program:
                    self._status = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _start(argv: Sequence[str], folder: str, env: Mapping[str, str]) -> int:
    """Start the program in a new session; it ends when this process is killed."""
    us = os.getpid()
    child = subprocess.Popen(
        argv,
        env=dict(env),
        cwd=folder if os.path.isdir(folder) else "/",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: die_with(us),
    )
    # This process reaps all children together, so Popen must not wait for this one.
    child.returncode = 0
    return child.pid


def surroundings(environ: Mapping[str, str], berth: Path) -> Dict[str, str]:
    """Return variables that the container lacks or has wrong; create a missing home in the rendezvous folder."""
    # With 1, ipykernel neither watches a parent nor prints how to connect.
    found = {"HOME": environ.get("HOME", ""), "JPY_PARENT_PID": "1"}
    if not (found["HOME"] and os.access(found["HOME"], os.W_OK)):
        # A read-only image or an unknown user has no writable home, but CASA and matplotlib write to it.
        found["HOME"] = tempfile.mkdtemp(prefix="home-", dir=berth)
    user = environ.get("USER") or _user()
    return {**found, "USER": user, "LOGNAME": user}


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def spread_pids() -> None:
    """Make the PIDs in this PID namespace continue from a random number.

    A window has its program's PID as a property. Two containers that show windows on one desktop would otherwise use
    the same PIDs, and take each other's windows for their own. A thread also uses up a PID, and takes some 20 µs.
    """
    for _ in range(random.randrange(1500)):  # noqa: S311 (no secret)
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


def connect(path: str) -> socket.socket:
    """Connect to the launcher, and keep the descriptor that holds its lock open for the rest of this process's life.

    Raises:
        OSError: the launcher has ended.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(path)
    link.sendall(encode(Word("inside")))
    answer, _ = unix_sockets.receive(link, len(encode(Word("hold"))))
    if not answer:
        raise OSError("the launcher has gone")
    return link


def main(arguments: List[str]) -> int:
    """Run the program as the command line asks; return the exit status."""
    path, grace, folder, *argv = arguments
    try:
        link = connect(path)
    except OSError as error:
        print(f"casa-desktop: nobody answers outside of the container at {path}: {error}", file=sys.stderr)
        return _NO_ANSWER
    if os.getpid() < _YOUNG:
        spread_pids()
    berth = Path(path).parent
    own = open_folder.opened(berth)
    env = {**os.environ, names.OUTSIDE: path, **surroundings(os.environ, berth)}
    try:
        status = Inside(link, argv, folder, env, float(grace)).run()
    finally:
        # The launcher does this too, unless it was killed.
        clear(Berth(berth), own)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
