"""Descriptors that wake a watching thread: the reading end of a FIFO, and the arrival of signals."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path


class FifoReader:
    """The reading end of a FIFO; it does not wait for a writer."""

    def __init__(self, path: Path) -> None:
        self._path, self._descriptor = path, -1
        self.open()

    def open(self) -> None:
        """Open the FIFO; the former descriptor must be closed."""
        # Non-blocking, because a program may never start.
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)

    def fileno(self) -> int:
        """Return the descriptor, or -1 if it could not be opened again."""
        return self._descriptor

    def read(self) -> str:
        """Return the text that is there; an empty string if there is no writer any more."""
        return os.read(self._descriptor, 4096).decode().strip()

    def close(self) -> None:
        """Close the descriptor; it may be closed already."""
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)


class WakeUp:
    """A descriptor that becomes readable when a signal arrives in this process, or ``ring`` is called.

    Only the main thread receives the numbers of signals; in another, ``ring`` alone works.
    """

    def __init__(self) -> None:
        with ExitStack() as undo:
            self._reader, self._writer = socket.socketpair()
            for end in (self._reader, self._writer):
                undo.enter_context(end)
                # asyncio requires that both are non-blocking.
                end.setblocking(False)
            self._former = _set_wakeup(self._writer.fileno())
            undo.pop_all()

    def fileno(self) -> int:
        return self._reader.fileno()

    def ring(self) -> None:
        """Wake the thread."""
        self._writer.send(b"\0")

    def read(self) -> bytes:
        """Return the numbers of the signals that have arrived; write them to the former receiver, too."""
        numbers = self._reader.recv(64)
        # The receiver is full while the interpreter, which empties it, waits for CASA; one number is enough to wake it.
        with suppress(BlockingIOError):
            if self._former >= 0:
                os.write(self._former, numbers.replace(b"\0", b""))
        return numbers

    def restore(self) -> None:
        """Have the numbers of signals written to the former receiver again."""
        _set_wakeup(self._former)

    def close(self) -> None:
        """Close both ends; call ``restore`` first."""
        self._reader.close()
        self._writer.close()


def _set_wakeup(descriptor: int) -> int:
    """Have the numbers of arriving signals written to ``descriptor``; return the former descriptor."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread receives SIGINT, and only it may set this.
        return -1
    return signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
