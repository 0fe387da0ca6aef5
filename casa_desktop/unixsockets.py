"""Connecting to a unix socket whose listener is slow to accept.

Of Xvnc's (TigerVNC 1.12) six connections may wait at a time. Without blocking, and so with any time limit of Python's,
connect(2) fails with EAGAIN for the seventh: no readiness is told of. Blocking, it waits for room, as long as
SO_SNDTIMEO allows: unix(7), socket(7).

No Jupyter here, and Python 3.8 is enough.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Union

# So long a view waits for room at Xvnc: it takes views in within milliseconds, and one that is stopped goes on after a
# second.
ROOM_SECONDS = 3.0
NO_ROOM = "The desktop does not take any more connections just now."
_TIMEVAL = struct.Struct("@ll")


def connected(path: Union[str, Path], seconds: float) -> socket.socket:
    """Return a blocking socket that is connected to a listening one.

    Args:
        path: the listening one's.
        seconds: how long to wait for room in its queue; 0 for not at all.

    Raises:
        BlockingIOError: there was no room within that time.
        OSError: nobody listens.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(seconds > 0)
        _limit(connection, seconds)
        connection.connect(os.fspath(path))
        connection.setblocking(True)
        _limit(connection, 0)
    except BaseException:
        connection.close()
        raise
    return connection


def _limit(connection: socket.socket, seconds: float) -> None:
    # A limit of 0 is none.
    microseconds = max(0, int(seconds * 1e6))
    limit = _TIMEVAL.pack(*divmod(microseconds, 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
