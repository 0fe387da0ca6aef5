"""The mpirun of a kernel over MPI: starts it, passes on what it says, and ends it."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import IO, Callable, Mapping, Sequence

from casa_desktop.system import mpi, process
from casa_desktop.system.event_loop import EventLoop

_KEPT_BYTES = 4096


class Mpirun:
    """A running mpirun, in a session of its own, which ends with this process.

    Args:
        argv: its command line.
        environ: its environment.
        loop: in which it is listened to.
        is_heard: returns whether what it says is passed on to this process's stderr.
    """

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], loop: EventLoop, is_heard: Callable[[], bool]
    ) -> None:
        self._loop, self._is_heard, self._said = loop, is_heard, b""
        parent = os.getpid()
        self._process = subprocess.Popen(
            list(argv),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: process.die_with(parent),
        )
        assert self._process.stderr is not None
        self._stream: IO[bytes] = self._process.stderr
        loop.on(self._stream, self._pass_on)

    def _pass_on(self) -> None:
        """Pass on what mpirun and the ranks say, and keep its end."""
        received = os.read(self._stream.fileno(), _KEPT_BYTES)
        if not received:
            self._loop.off(self._stream)
        self._said = (self._said + received)[-_KEPT_BYTES:]
        # mpirun adds a line that says nothing when a rank has been killed.
        received = b"".join(line for line in received.splitlines(keepends=True) if mpi.NOISE not in line)
        if self._is_heard():
            with suppress(OSError):
                os.write(2, received)

    @property
    def complaint(self) -> str:
        """The last line with an error that it or a rank has said; empty if there is none."""
        return mpi.complaint(self._said)

    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return self._process.poll() is None

    def terminate(self) -> None:
        """Have it end all ranks, and then itself."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def finish(self) -> None:
        """Kill it if it still runs, and read what it has said at last."""
        if self.is_running():
            self._process.kill()
            self._process.wait()
        # A rank that it has left may still have its end of the pipe.
        os.set_blocking(self._stream.fileno(), False)
        with suppress(OSError, KeyError):
            while self._stream in self._loop:
                self._pass_on()
