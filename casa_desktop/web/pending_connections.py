"""Limits the number and the time of connections that have not shown a valid cookie yet.

Every user of the machine can connect to its loopback and then send nothing. Each such connection takes a thread and a
file descriptor of the server.
"""

from __future__ import annotations

import resource
import socket
import threading
import time
from contextlib import suppress
from typing import Callable, Dict

MOST = 64
# Pending connections may use at most one in so many of the process's file descriptors.
SHARE = 4
# The time for a whole request, counted from the connection. A browser sends one within a millisecond, and through a
# tunnel within two seconds.
PATIENCE_SECONDS = 10.0


class Strangers:
    """The pending connections; when there are too many, the oldest one is closed.

    So silent connections cannot keep others out. Safe to use from several threads.

    Attributes:
        most: the maximum number of pending connections.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // SHARE)
        self._clock = clock
        self._lock = threading.Lock()
        # In the order of arrival.
        self._since: Dict[socket.socket, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: socket.socket) -> None:
        """Add a new connection, and close the oldest ones if there are too many now."""
        with self._lock:
            self._since[connection] = self._clock()
        while len(self) > self.most:
            self.put_out_the_oldest()

    def discard(self, connection: socket.socket) -> None:
        """Remove a connection that has ended or shown a valid cookie. Safe to call twice."""
        with self._lock:
            self._since.pop(connection, None)

    def put_out_the_late(self) -> None:
        """Close connections that have been pending for too long."""
        latest = self._clock() - PATIENCE_SECONDS
        for connection, since in self._all().items():
            if since < latest:
                self._put_out(connection)

    def put_out_the_oldest(self) -> None:
        """Close the oldest pending connection, if there is one."""
        for connection in self._all():
            return self._put_out(connection)

    def _all(self) -> Dict[socket.socket, float]:
        with self._lock:
            return dict(self._since)

    def _put_out(self, connection: socket.socket) -> None:
        self.discard(connection)
        # This ends whatever the connection's thread waits for; the thread then closes the socket.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
