"""The first process of ours in a container: ``python -m casa_desktop.inside SOCKET GRACE FOLDER PROGRAM…``.

It runs a kernel or a desktop's supervisor there, hands on to it what the launcher outside says over the lifeline
(``lifeline``), and ends everything in the container when the launcher has gone. In most containers it is PID 1: it
takes in orphans, and the end of it is the end of all. Where it is not, as in some of Apptainer's, it sees to both.

It is started in / and enters the working folder for the program alone: Python would look for its modules there first.
"""

from __future__ import annotations

import array
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

from . import folders, lifeline
from .berths import Berth, clear
from .lifeline import Decoder, Word, encode
from .process import adopt_orphans, descendants, die_with, end
from .signals import Signals

# After the program itself has ended, for what it has left.
LAST_SECONDS = 1.0
_NO_ANSWER = 3
# Where our own number is as low as this, the pid namespace has just begun; an engine's own processes come first.
_YOUNG = 100


class Inside:
    """The container as seen from within.

    Args:
        link: the lifeline.
        argv: the program to run.
        folder: where it works.
        env: its environment.
        grace: how long it may take to end after SIGTERM, in seconds.
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
        """Stay until everything has ended; return the program's status as Python tells it."""
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
        # An engine that is told to stop tells PID 1. Interrupts come over the lifeline, and only there.
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
        # The program alone, as Jupyter does it with a kernel whose tools have groups of their own.
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
    """Start the program in a session of its own; it ends when this process is killed."""
    us = os.getpid()
    child = subprocess.Popen(
        argv,
        env=dict(env),
        cwd=folder if os.path.isdir(folder) else "/",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: die_with(us),
    )
    # Reaped with all the others; Popen need not wait for it.
    child.returncode = 0
    return child.pid


def surroundings(environ: Mapping[str, str], berth: Path) -> Dict[str, str]:
    """Return the variables that the container lacks, or has wrong; a home that it lacks is made in the berth."""
    # 1 keeps ipykernel from looking after a parent, and from printing how to connect.
    found = {"HOME": environ.get("HOME", ""), "JPY_PARENT_PID": "1"}
    if not (found["HOME"] and os.access(found["HOME"], os.W_OK)):
        # With a read-only image or an unknown user there is no home; CASA and matplotlib write to it.
        found["HOME"] = tempfile.mkdtemp(prefix="home-", dir=berth)
    user = environ.get("USER") or _user()
    return {**found, "USER": user, "LOGNAME": user}


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def spread_pids() -> None:
    """Let this pid namespace's numbers go on from a random one.

    Windows tell the pid of their program. Two containers that show theirs on one desktop would otherwise count alike
    and take each other's for their own. A thread takes a number, too, and costs some 20 µs.
    """
    for _ in range(random.randrange(1500)):  # noqa: S311 (no secret)
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


def connect(path: str) -> socket.socket:
    """Open the lifeline; what holds the launcher's lock is kept open for good.

    Raises:
        OSError: the launcher has gone.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(path)
    link.sendall(encode(Word("inside")))
    descriptors = array.array("i", [-1])
    answer, *_ = link.recvmsg(len(encode(Word("hold"))), socket.CMSG_SPACE(descriptors.itemsize), _CLOSE_ON_EXEC)
    if not answer:
        raise OSError("the launcher has gone")
    return link


# Linux's value; the module names it nowhere before Python 3.8's end everywhere.
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0x40000000)


def main(arguments: List[str]) -> int:
    """Run the program; return the exit status."""
    path, grace, folder, *argv = arguments
    try:
        link = connect(path)
    except OSError as error:
        print(f"casa-desktop: nobody answers outside of the container at {path}: {error}", file=sys.stderr)
        return _NO_ANSWER
    if os.getpid() < _YOUNG:
        spread_pids()
    berth = Path(path).parent
    own = folders.opened(berth)
    env = {**os.environ, lifeline.VARIABLE: path, **surroundings(os.environ, berth)}
    try:
        status = Inside(link, argv, folder, env, float(grace)).run()
    finally:
        # The launcher does so too, unless it was killed.
        clear(Berth(berth), own)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
