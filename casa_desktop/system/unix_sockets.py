"""Connect to a unix socket whose listener is slow to accept; send and receive file descriptors over unix sockets.

The queue of Xvnc's socket (TigerVNC 1.12) holds six connections. On a non-blocking socket, and so with any time limit
of Python's, connect(2) fails with EAGAIN for the seventh, and poll cannot wait for room. On a blocking socket,
connect(2) waits for room as long as SO_SNDTIMEO allows: unix(7), socket(7).

This module does not import Jupyter, and runs on Python 3.8.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import List, Sequence, Tuple, Union

# How long a view waits for room in Xvnc's queue. Xvnc accepts a view within milliseconds, and a stopped Xvnc is
# continued after a second.
ROOM_SECONDS = 3.0
NO_ROOM = "The desktop takes no more connections now."
_TIMEVAL = struct.Struct("@ll")
# struct ucred: process, user, group.
_CREDENTIALS = struct.Struct("3i")
_DESCRIPTOR = struct.Struct("@i")
# Room for two descriptors.
_ROOM = socket.CMSG_SPACE(2 * _DESCRIPTOR.size)
# Linux's value, for builds of Python 3.8 whose socket module lacks it.
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0x40000000)


def connected(path: Union[str, Path], seconds: float) -> socket.socket:
    """Return a blocking socket that is connected to the unix socket at ``path``.

    Args:
        path: path of the listening socket.
        seconds: how long to wait for room in its queue; 0 for no wait.

    Raises:
        BlockingIOError: there was no room within that time.
        OSError: no process listens.
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


def peer(connection: socket.socket) -> int:
    """Return the PID of the process that connected, listens or made the pair; 0 if it is in another PID namespace."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[0])


def _limit(connection: socket.socket, seconds: float) -> None:
    # 0 means no limit.
    microseconds = max(0, int(seconds * 1e6))
    limit = _TIMEVAL.pack(*divmod(microseconds, 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def send(connection: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    """Send bytes, together with descriptors if there are any.

    Raises:
        OSError: the other side has gone.
    """
    packed = b"".join(map(_DESCRIPTOR.pack, descriptors))
    connection.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)] if packed else [])


def receive(connection: socket.socket, size: int) -> Tuple[bytes, List[int]]:
    """Return at most ``size`` bytes, and the descriptors that came with them: at most two, close-on-exec."""
    data, ancillary, *_ = connection.recvmsg(size, _ROOM, _CLOSE_ON_EXEC)
    return data, [number for _, _, packed in ancillary for (number,) in _DESCRIPTOR.iter_unpack(packed)]
