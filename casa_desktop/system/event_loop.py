"""An event loop that survives shortages of descriptors, memory, threads and processes.

An action that fails because of a shortage is repeated after a pause, because its source is still readable. If no
descriptor is left for a new connection, the loop uses one that it keeps in reserve, and answers with the error.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from contextlib import suppress
from typing import Callable, List, Optional

from ..errors import Shortage
from .formatted_error import described
from .messages import Decoder, Word, encode

# The pause before the next attempt. Shortages last for moments or for minutes.
_PAUSE_SECONDS = 0.1
# How long to wait for a request; it follows its connection at once.
_QUESTION_SECONDS = 1.0
# Bytes per read. Python allocates all of them in advance, and in a shortage there may be no memory for more.
_PIECE = 4096


class EventLoop:
    """Call an action when its source becomes readable."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def on(self, source: object, action: Callable[[], object]) -> None:
        """Call ``action`` whenever ``source``, a descriptor or an object that has one, is readable."""
        self._selector.register(source, selectors.EVENT_READ, action)  # type: ignore[arg-type]

    def off(self, source: object) -> None:
        """Stop watching a source.

        Raises:
            KeyError: the source is not watched.
        """
        self._selector.unregister(source)  # type: ignore[arg-type]

    def __contains__(self, source: object) -> bool:
        return source in self._selector.get_map()

    def turn(self, seconds: Optional[float] = None) -> None:
        """Wait until sources are readable, at most for ``seconds``, and call their actions."""
        self.attempt(lambda: self._turn(seconds))

    def _turn(self, seconds: Optional[float]) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def attempt(self, action: Callable[[], object]) -> None:
        """Call ``action``; if it fails because of a shortage, wait a moment, so that the caller may try again."""
        try:
            action()
        except (OSError, MemoryError, RuntimeError) as error:
            if not is_passing(error):
                raise
            time.sleep(_PAUSE_SECONDS)


def is_passing(error: object) -> bool:
    """Return whether an error is a shortage, which may soon be over."""
    try:
        return isinstance(error, MemoryError) or Shortage.of(error) is not None
    except MemoryError:
        return True


def failed(error: BaseException) -> Word:
    """Return the answer to a request that failed with ``error``."""
    words = described(Shortage.of(error) or error)
    return Word("failed", {"text": words.pop("error"), **words})


def tell_failure(connection: socket.socket, error: BaseException) -> None:
    """Send an error as the answer to a request that has been read, and close its connection."""
    with connection, suppress(OSError):
        connection.sendall(encode(failed(error)))


def refuse(connection: socket.socket, error: BaseException) -> None:
    """Read the request on a connection, answer it with an error, and close the connection."""
    decoder = Decoder()
    with connection, suppress(OSError, ValueError):
        connection.settimeout(_QUESTION_SECONDS)
        # If a socket is closed before everything was read, the other side does not receive the answer.
        received = connection.recv(_PIECE)
        while received and not decoder.feed(received):
            received = connection.recv(_PIECE)
        tell_failure(connection, error)


class Door:
    """A listening unix socket that answers even if no descriptor is left.

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
            OSError: there is no connection, or no descriptor for it; then the connection stays in the queue.
        """
        if not self._reserve:
            self._keep_reserve()
        return self._listener.accept()[0]

    def accept_or_refuse(self) -> Optional[socket.socket]:
        """Return the next connection; None if there was no descriptor for it, and it was refused.

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
