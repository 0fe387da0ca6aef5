"""Connections that have not shown yet that they come from a browser which was let in: how many, and for how long.

Every user of the machine can open connections to its loopback, and be silent then. Each takes a thread and a
descriptor of the server.
"""

from __future__ import annotations

import resource
import socket
import threading
import time
from contextlib import suppress
from typing import Callable, Dict

MOST = 64
# Of the descriptors that a process may have, strangers get one in so many at most.
SHARE = 4
# For a whole request, from the connection on; a browser sends it within a millisecond, through a tunnel within two
# seconds.
PATIENCE_SECONDS = 10.0


class Strangers:
    """They are few and must be quick: who comes when there are enough of them puts out the one that has waited longest.

    So those who are silent cannot keep anybody else out. Safe to use from several threads.

    Attributes:
        most: how many there may be at a time.

    Args:
        clock: the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // SHARE)
        self._clock = clock
        self._lock = threading.Lock()
        # In the order of their coming.
        self._since: Dict[socket.socket, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: socket.socket) -> None:
        """Take in a new connection, and put out the oldest one if there are too many now."""
        with self._lock:
            self._since[connection] = self._clock()
        while len(self) > self.most:
            self.put_out_the_oldest()

    def discard(self, connection: socket.socket) -> None:
        """Strike a connection off: it has ended, or it is known now. Safe to call twice."""
        with self._lock:
            self._since.pop(connection, None)

    def put_out_the_late(self) -> None:
        """Put out those that have been here for too long."""
        latest = self._clock() - PATIENCE_SECONDS
        for connection, since in self._all().items():
            if since < latest:
                self._put_out(connection)

    def put_out_the_oldest(self) -> None:
        """Put out the one that has been here for longest, if there is one."""
        for connection in self._all():
            return self._put_out(connection)

    def _all(self) -> Dict[socket.socket, float]:
        with self._lock:
            return dict(self._since)

    def _put_out(self, connection: socket.socket) -> None:
        self.discard(connection)
        # Whatever its thread waits for ends with this, and the thread closes it.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
