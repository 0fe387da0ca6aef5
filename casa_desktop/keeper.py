"""Runs a container and keeps in step with it: when one of container, launcher and the launcher's parent ends, all do.

Waits for events only: signals, the parent's end, words of the container, the engine's end.
"""

from __future__ import annotations

import array
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Callable, List, Optional

from . import threads
from .berths import Berth
from .commands import Command
from .eventloop import Door, EventLoop, tell_failure
from .lifeline import Decoder, Word, encode
from .process import belonging, die_with, open_pid, outlast
from .signals import Signals

# What the container may take to end after it was told to; its first process counts for itself (``inside``).
PATIENCE_SECONDS = 12.0
# The engine's own program has little to do when its container has gone.
ENGINE_SECONDS = 3.0
_LAST_WORDS = 4096
# What stands for a status that makes no sense.
_NO_STATUS = 1
Answer = Callable[[Word], Optional[Word]]


class Keeper:
    """One container.

    Args:
        command: the engine's command line.
        berth: where the container is expected to call, already occupied.
        lock: the descriptor that holds the berth's lock.
        answer: answers a question from inside, in a thread of its own; None as an answer closes the connection.
        parent: the process whose end ends everything, or None.
        on_call: called when the container has called.
        connect_within: how long the container may take to call, in seconds; None for as long as it likes.

    Attributes:
        called: the container has called.
        said: the last that the engine has said before that.
        engine_status: the engine's, once it has ended.
        status: the status of the program inside, as Python tells it; None until it has ended.
    """

    def __init__(
        self,
        command: Command,
        berth: Berth,
        lock: int,
        answer: Answer,
        *,
        parent: Optional[int],
        on_call: Callable[[], None] = lambda: None,
        connect_within: Optional[float] = None,
    ) -> None:
        self._berth, self._lock, self._answer, self._on_call = berth, lock, answer, on_call
        self.called, self.said = False, b""
        self.engine_status: Optional[int] = None
        self.status: Optional[int] = None
        self._lifeline: Optional[socket.socket] = None
        self._deadline = None if connect_within is None else time.monotonic() + connect_within
        self._ending = False
        self._loop = EventLoop()
        signals = Signals([signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        self._loop.on(signals, lambda: self._take_signals(signals))
        self._listen()
        if parent is not None:
            self._follow(parent)
        self._engine = self._start(command)

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._berth.socket))
        listener.listen(16)
        door = Door(listener)
        self._loop.on(door, lambda: self._accept(door))

    def _follow(self, parent: int) -> None:
        descriptor = open_pid(parent)

        def gone() -> None:
            self._loop.off(descriptor)
            self.end()

        if descriptor is not None:
            self._loop.on(descriptor, gone)
        else:
            die_with(os.getppid())

    def _start(self, command: Command) -> subprocess.Popen[bytes]:
        # A session of its own: Jupyter signals ours, and the engine would hand the signals on by itself.
        engine = subprocess.Popen(
            command.argv,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )
        assert engine.stderr is not None
        stream = engine.stderr.fileno()
        self._loop.on(stream, lambda: self._pass_on(stream))
        return engine

    def run(self) -> None:
        """Stay until container and engine have gone, and nothing of them is left."""
        while self.engine_status is None or self._lifeline is not None:
            left = None if self._deadline is None else self._deadline - time.monotonic()
            if left is not None and left <= 0:
                self._lose_patience()
                continue
            self._loop.turn(left)
        self._drain()
        # What goes now by itself, and whatever a killed engine has left in a container among the host's processes.
        outlast(belonging(str(self._berth.socket), self._engine.pid), ENGINE_SECONDS, 1.0)

    def _drain(self) -> None:
        """Take in the last that the engine has said; what it left running may hold the stream open."""
        assert self._engine.stderr is not None
        stream = self._engine.stderr.fileno()
        os.set_blocking(stream, False)
        with suppress(BlockingIOError):
            while stream in self._loop:
                self._pass_on(stream)

    def end(self) -> None:
        """Tell the container to end, which closes the lifeline; safe to call twice."""
        if self._ending:
            return
        self._ending = True
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        if self._lifeline is not None:
            with suppress(OSError):
                self._lifeline.shutdown(socket.SHUT_WR)
        elif self.engine_status is None:
            self._engine.terminate()

    def _lose_patience(self) -> None:
        if not self._ending:
            self.end()
            return
        self._hang_up()
        self._deadline = time.monotonic() + ENGINE_SECONDS
        if self.engine_status is None:
            self._engine.kill()

    def _take_signals(self, signals: Signals) -> None:
        for number in signals.take():
            if number == signal.SIGINT:
                self._say(Word("signal", int(number)))
            elif number in (signal.SIGTERM, signal.SIGHUP):
                self.end()
        if self.engine_status is None and self._engine.poll() is not None:
            self.engine_status = self._engine.returncode
            # Its container has gone with it, or must go now.
            self.end()

    def _say(self, word: Word) -> None:
        if self._lifeline is not None:
            with suppress(OSError):
                self._lifeline.sendall(encode(word))

    def _pass_on(self, stream: int) -> None:
        """Hand on what engine and program say; the last of it is kept until the container has called."""
        said = os.read(stream, 65536)
        if not said:
            self._loop.off(stream)
        elif self.called:
            _write(said)
        else:
            self.said = (self.said + said)[-_LAST_WORDS:]

    def _accept(self, door: Door) -> None:
        # The container itself must not be refused; without a descriptor it waits for one.
        connection = door.accept_or_refuse() if self.called else door.accept()
        if connection is None:
            return
        decoder = Decoder()
        self._loop.on(connection, lambda: self._hear(connection, decoder))

    def _hear(self, connection: socket.socket, decoder: Decoder) -> None:
        words = self._words(connection, decoder)
        if words is None:
            self._close(connection)
            return
        for word in words:
            self._take(connection, word)

    def _words(self, connection: socket.socket, decoder: Decoder) -> Optional[List[Word]]:
        """Return the words that have come; None at the end of the connection, or where it makes no sense."""
        try:
            received = connection.recv(4096)
            return decoder.feed(received) if received else None
        except (OSError, ValueError):
            return None

    def _take(self, connection: socket.socket, word: Word) -> None:
        if word.kind == "inside" and self._lifeline is None:
            self._welcome(connection)
        elif word.kind == "ended" and connection is self._lifeline:
            self.status = _NO_STATUS if word.number is None else word.number
        elif connection is not self._lifeline:
            self._loop.off(connection)
            try:
                threads.start(self._reply, connection, word)
            except (RuntimeError, MemoryError) as error:
                tell_failure(connection, error)

    def _welcome(self, connection: socket.socket) -> None:
        self._lifeline, self.called = connection, True
        if not self._ending:
            self._deadline = None
        held = array.array("i", [self._lock])
        with suppress(OSError):
            connection.sendmsg([encode(Word("hold"))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)])
            if self._ending:
                connection.shutdown(socket.SHUT_WR)
        self._on_call()
        if self.said:
            _write(self.said)

    def _reply(self, connection: socket.socket, word: Word) -> None:
        with connection, suppress(OSError):
            answer = self._answer(word)
            if answer is not None:
                connection.sendall(encode(answer))

    def _close(self, connection: socket.socket) -> None:
        if connection is self._lifeline:
            self._hang_up()
            self.end()
            return
        self._loop.off(connection)
        connection.close()

    def _hang_up(self) -> None:
        """The container has gone, or is given up; the engine has a moment to see it."""
        if self._lifeline is not None:
            self._loop.off(self._lifeline)
            self._lifeline.close()
            self._lifeline = None
        self._deadline = time.monotonic() + ENGINE_SECONDS


def _write(said: bytes) -> None:
    with suppress(OSError):
        sys.stderr.buffer.write(said)
        sys.stderr.flush()


def exit_status(keeper: Keeper) -> int:
    """Return what the launcher exits with: the program's status, or a failure."""
    if keeper.status is None:
        return keeper.engine_status if keeper.engine_status and keeper.engine_status > 0 else 1
    return keeper.status if keeper.status >= 0 else 128 - keeper.status


def last_line(said: bytes) -> str:
    """Return the last line of what was said, without control characters; empty if nothing was."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return "".join(each for each in lines[-1] if each.isprintable()) if lines else ""
