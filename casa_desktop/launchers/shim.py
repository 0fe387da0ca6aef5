"""Runs a container; when the container, its launcher or the launcher's parent ends, all of them end.

It only waits for events: signals, the parent's end, messages from the container, the engine's end. It never polls.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Callable, List, Optional

from ..desktop import page_process
from ..runtime.rendezvous import Berth
from ..system import threads, unix_sockets
from ..system.event_loop import Door, EventLoop, tell_failure
from ..system.messages import Decoder, Word, encode
from ..system.process import Command, belonging, die_with, open_pid, outlast
from ..system.signals import Signals

# The time for the container to end after it was asked to; the container's init has its own limit (``launchers.init``).
PATIENCE_SECONDS = 12.0
# The time for the engine's own program to end after its container has gone.
ENGINE_SECONDS = 3.0
_LAST_WORDS = 4096
# The exit status in place of one that is not valid.
_NO_STATUS = 1
Answer = Callable[[Word], Optional[Word]]


class Keeper:
    """Runs one container.

    Args:
        command: the engine's command line.
        berth: the rendezvous folder, locked; the container connects to its socket.
        lock: the descriptor that holds the folder's lock.
        answer: handles a request from inside, in a separate thread; if it returns None, the connection is closed.
        parent: the PID of the process whose end ends everything, or None.
        on_call: called when the container has connected.
        connect_within: the time limit for the container to connect, in seconds; None for no limit.

    Attributes:
        called: whether the container has connected.
        said: the end of the engine's output before that.
        engine_status: the exit status of the engine, once it has ended.
        status: the return code of the program inside, as ``subprocess`` defines it; None until it has ended.
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
        # In a separate session: Jupyter signals ours, and the engine would pass such signals on as well.
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
        """Run until the container and the engine have ended and nothing of them is left."""
        while self.engine_status is None or self._lifeline is not None:
            left = None if self._deadline is None else self._deadline - time.monotonic()
            if left is not None and left <= 0:
                self._lose_patience()
                continue
            self._loop.turn(left)
        self._drain()
        # Processes that are ending by now, and those that a killed engine has left running on the host.
        outlast(belonging(str(self._berth.socket), self._engine.pid), ENGINE_SECONDS, 1.0)

    def _drain(self) -> None:
        """Read the rest of the engine's output, without waiting: its child processes may keep the pipe open."""
        assert self._engine.stderr is not None
        stream = self._engine.stderr.fileno()
        os.set_blocking(stream, False)
        with suppress(BlockingIOError):
            while stream in self._loop:
                self._pass_on(stream)

    def end(self) -> None:
        """Ask the container to end, by closing the connection's writing side; safe to call twice."""
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
            # Its container has ended too, or must end now.
            self.end()

    def _say(self, word: Word) -> None:
        if self._lifeline is not None:
            with suppress(OSError):
                self._lifeline.sendall(encode(word))

    def _pass_on(self, stream: int) -> None:
        """Forward the output of the engine and the program; until the container has connected, only keep its end."""
        said = os.read(stream, 65536)
        if not said:
            self._loop.off(stream)
        elif self.called:
            _write(said)
        else:
            self.said = (self.said + said)[-_LAST_WORDS:]

    def _accept(self, door: Door) -> None:
        # The container's own connection must not be refused; during a shortage of descriptors it has to wait.
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
        """Return the messages that have arrived; None at the end of the connection, or if they are malformed."""
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
        with suppress(OSError):
            unix_sockets.send(connection, encode(Word("hold")), [self._lock])
            if self._ending:
                connection.shutdown(socket.SHUT_WR)
        self._on_call()
        if self.said:
            _write(self.said)

    def _reply(self, connection: socket.socket, word: Word) -> None:
        with connection, suppress(OSError):
            if word.kind == "page":
                return page_process.serve(connection, word)
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
        """Close the connection to a container that has ended or is given up; the engine gets a moment to notice."""
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
    """Return the launcher's exit status: that of the program inside, or of a failure."""
    if keeper.status is None:
        return keeper.engine_status if keeper.engine_status and keeper.engine_status > 0 else 1
    return keeper.status if keeper.status >= 0 else 128 - keeper.status
