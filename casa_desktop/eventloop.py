"""An event loop that outlives shortages of descriptors, memory, threads and processes.

What failed for a shortage is tried again after a pause, for its source is readable still. A connection for which no
descriptor is left gets one that was kept in reserve, for as long as it takes to say so.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from contextlib import suppress
from typing import Callable, List, Optional

from .errors import Shortage
from .lifeline import Decoder, Word, encode

# Shortages pass in moments or stay for minutes; so often it is looked.
_PAUSE_SECONDS = 0.1
# A question follows its connection at once.
_QUESTION_SECONDS = 1.0
# Of what is received; Python makes room for all of it before, and there may be none for more.
_PIECE = 4096


class EventLoop:
    """Calls what waits for a source as soon as the source is readable."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def on(self, source: object, action: Callable[[], object]) -> None:
        """Call ``action`` whenever ``source``, a descriptor or an object that has one, is readable."""
        self._selector.register(source, selectors.EVENT_READ, action)  # type: ignore[arg-type]

    def off(self, source: object) -> None:
        """Let a source be.

        Raises:
            KeyError: nothing waits for it.
        """
        self._selector.unregister(source)  # type: ignore[arg-type]

    def __contains__(self, source: object) -> bool:
        return source in self._selector.get_map()

    def turn(self, seconds: Optional[float] = None) -> None:
        """Wait until something is readable, for so many seconds at most, and call what waits for it."""
        self.attempt(lambda: self._turn(seconds))

    def _turn(self, seconds: Optional[float]) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something; where it fails for a shortage, wait a moment, after which the caller may try again."""
        try:
            action()
        except (OSError, MemoryError, RuntimeError) as error:
            if not is_passing(error):
                raise
            time.sleep(_PAUSE_SECONDS)


def is_passing(error: object) -> bool:
    """Tell whether an error is a shortage, which may be over in a moment."""
    try:
        return isinstance(error, MemoryError) or Shortage.of(error) is not None
    except MemoryError:
        return True


def failed(error: BaseException) -> Word:
    """Return the answer to a question that has ended with an error."""
    told = Shortage.of(error) or error
    return Word("failed", {"kind": type(told).__name__, "text": str(told)})


def tell_failure(connection: socket.socket, error: BaseException) -> None:
    """Answer a question that has been read with an error, and close its connection."""
    with connection, suppress(OSError):
        connection.sendall(encode(failed(error)))


def refuse(connection: socket.socket, error: BaseException) -> None:
    """Answer the question that comes on a connection with an error, and close the connection."""
    decoder = Decoder()
    with connection, suppress(OSError, ValueError):
        connection.settimeout(_QUESTION_SECONDS)
        # A socket that is closed before all was read lets the other side see no answer.
        received = connection.recv(_PIECE)
        while received and not decoder.feed(received):
            received = connection.recv(_PIECE)
        tell_failure(connection, error)


class Door:
    """A listening unix socket that answers even where no descriptor is left.

    Args:
        listener: the socket.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._reserve: List[int] = []
        self._keep_reserve()

    def _keep_reserve(self) -> None:
        with suppress(OSError):
            self._reserve.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._listener.fileno()

    def accept(self) -> socket.socket:
        """Return the next connection.

        Raises:
            OSError: there is none, or no descriptor for it; it waits.
        """
        if not self._reserve:
            self._keep_reserve()
        return self._listener.accept()[0]

    def accept_or_refuse(self) -> Optional[socket.socket]:
        """Return the next connection; None where it could only be told that there is no descriptor for it.

        Raises:
            OSError: as ``accept``.
        """
        try:
            return self.accept()
        except OSError as error:
            if not is_passing(error) or not self._reserve:
                raise
            os.close(self._reserve.pop())
            try:
                refuse(self._listener.accept()[0], error)
            finally:
                self._keep_reserve()
            return None
