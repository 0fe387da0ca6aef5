"""The link in user space: it delays, limits and counts as it was told."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import Iterator

import pytest

from .link import Link, Shape


@contextmanager
def _answering(answer: bytes) -> Iterator[int]:
    """Yield the port of a server that answers each byte it gets with ``answer``, to one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(1):
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


def _ask(port: int, size: int) -> float:
    """Send a byte, read ``size`` bytes; return the seconds."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        begun = time.perf_counter()
        client.sendall(b"?")
        while size:
            size -= len(client.recv(min(size, 1 << 16)))
        return time.perf_counter() - begun


def test_round_trip_is_as_long_as_told() -> None:
    with _answering(b"!") as port, Link(port, Shape(0.05)) as link:
        assert 0.05 <= _ask(link.port, 1) < 0.15


@pytest.mark.parametrize("rate", [2e6, 1e6])
def test_rate_is_as_told_and_all_bytes_are_counted(rate: float) -> None:
    size = 500_000
    with _answering(bytes(size)) as port, Link(port, Shape(0.0, rate)) as link:
        # The queue in front of the link is emptied at the link's rate, too.
        assert size / rate * 0.95 <= _ask(link.port, size) < size / rate * 1.5
        assert link.received == size
