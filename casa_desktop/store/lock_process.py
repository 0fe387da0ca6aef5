"""A process that is asked for the locks on tables, because it answers sooner than /proc/locks (``lock_answers``).

It sees the locks of processes in other containers as well.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Iterable, Optional

from ..system.process import open_pid
from .table_locks import Lock

_PROGRAM = Path(__file__).with_name("lock_answers.py")
# After so many failures in a row no further process is started.
_MOST_FAILURES = 3
# In bytes; a socket passes on some 200 kB at once.
_LARGEST = 1 << 16


class LockProcess:
    """The process of this one that is asked. It starts at the first question, and ends with this process.

    Only one thread may ask.

    Attributes:
        patience: how long to wait for an answer, in seconds.
    """

    # An answer takes a millisecond or two. Where it takes this long, the process was stopped, or a server is slow.
    patience = 0.25

    def __init__(self) -> None:
        self._channel: Optional[socket.socket] = None
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._failures = 0
        os.register_at_fork(after_in_child=self._let_go)

    @property
    def pid(self) -> Optional[int]:
        """The process's id; None while there is none."""
        return self._process.pid if self._channel is not None and self._process is not None else None

    def first_lock(self, roots: Iterable[str]) -> Optional[Lock]:
        """Return the first lock on a ``table.lock`` in some folders, this process's own as well; None if there is none.

        Args:
            roots: absolute paths, with links resolved; they need not exist.

        Raises:
            OSError: there is no answer: the process has just been started, or has ended, or is slow, or there are
                too many tables. /proc/locks has one.
        """
        question = b"\0".join(map(os.fsencode, roots))
        if len(question) > _LARGEST:
            raise BlockingIOError("there are too many paths")
        if self._channel is None:
            self._start()
            raise BlockingIOError("the process has just been started")
        try:
            answer = self._answer(self._channel, question)
            self._failures = 0
        except BaseException:
            # Its answer may come yet, and would be taken for that to the next question.
            self.end()
            self._failures += 1
            raise
        if answer == b"=?":
            raise BlockingIOError("it cannot tell")
        if answer == b"=":
            return None
        pid, byte, exclusive, path = answer[1:].split(b" ", 3)
        return Lock.of(os.fsdecode(path), int(pid), int(byte), exclusive == b"1")

    def _answer(self, channel: socket.socket, question: bytes) -> bytes:
        channel.settimeout(self.patience)
        channel.sendall(question)
        answer = channel.recv(_LARGEST)
        if not answer:
            raise ConnectionError("the process has ended")
        return answer

    def _start(self) -> None:
        if self._failures >= _MOST_FAILURES or not sys.executable:
            raise ConnectionError("no further process is started")
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            try:
                self._process = self._started(there)
            except BaseException:
                here.close()
                self._failures += 1
                raise
        self._channel = here

    @staticmethod
    def _started(channel: socket.socket) -> subprocess.Popen[bytes]:
        life = open_pid(os.getpid())
        ends = [] if life is None else [life]
        try:
            return subprocess.Popen(
                # -S: it needs only Python's standard library.
                [sys.executable, "-I", "-S", str(_PROGRAM), *map(str, ends)],
                stdin=channel.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=ends,
                cwd="/",
                # Interrupts are for this process.
                start_new_session=True,
            )
        finally:
            for each in ends:
                os.close(each)

    def end(self) -> None:
        """End the process; the next question starts another. Safe to call twice."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            # What waits for a server ends later; subprocess waits for it when it starts another process.
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.patience)

    def _let_go(self) -> None:
        """In a forked process: it is the other one's child, and would not end with it."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.returncode = 0
            self._process = None
