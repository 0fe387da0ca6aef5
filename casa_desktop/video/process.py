"""The encoder's process, from the server's side."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import ClassVar, Optional, Set

from .. import names
from ..system import threads
from ..system.pythonpath import module, seen


class EncoderProcess:
    """A running encoder of one view; see ``wire`` for what it says and is told.

    Use ``start``.

    Attributes:
        connection: non-blocking; the process's standard input and output. At its end, the process has ended.
    """

    # All encoders of this server, so that there are not more of them than processors.
    _all: ClassVar[Set[EncoderProcess]] = set()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket, guest: bool) -> None:
        self._process, self.connection, self._guest = process, connection, guest

    @classmethod
    def start(cls, display: str, xauthority: str, *, guest: bool = False) -> Optional[EncoderProcess]:
        """Start an encoder for a desktop; it ends with the thread that calls this, at the latest.

        Args:
            display: the name of its X display, like ``:7``.
            xauthority: the path of the file with its cookie.
            guest: whether the view is a guest's, whose encoder ends when the owner wants one and there is no room.

        Returns:
            None if there are as many as processors, or no more processes or descriptors.
        """
        with cls._lock, suppress(OSError):
            if cls._has_room() or (not guest and cls._make_room()):
                encoder = cls(*_started(display, xauthority), guest)
                cls._all.add(encoder)
                return encoder
        return None

    @classmethod
    def _has_room(cls) -> bool:
        return len(cls._all) < len(os.sched_getaffinity(0))

    @classmethod
    def _make_room(cls) -> bool:
        """End a guest's encoder; return whether there was one. Its view learns of it as of any end."""
        for encoder in cls._all:
            if encoder._guest:
                encoder._process.kill()
                cls._all.discard(encoder)
                return True
        return False

    @classmethod
    def count(cls) -> int:
        """Return how many encoders this server has."""
        return len(cls._all)

    def say(self, line: bytes) -> None:
        """Write a line; a process that does not read is ended."""
        try:
            sent = self.connection.send(line)
        except OSError:
            # It has ended, or hundreds of lines wait where one that works reads each at once: it is stopped, or the
            # page asks for streams faster than they can begin.
            sent = 0
        if sent < len(line):
            self._process.kill()

    def end(self) -> None:
        """End it, and wait for nothing; call it once."""
        # It has nothing to save, and one that was stopped takes no gentler signal.
        self._process.kill()
        self.connection.close()
        self._all.discard(self)
        # Without a further thread, subprocess reaps it when it starts another process.
        with suppress(RuntimeError):
            threads.start(self._process.wait)


def _started(display: str, xauthority: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, *module(names.VIDEO_PROGRAM), display, str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env={**seen(os.environ), "XAUTHORITY": xauthority},
                cwd="/",
            )
        except BaseException:
            ours.close()
            raise
    ours.setblocking(False)
    return process, ours
