"""A rank of a kernel over MPI, as the launcher sees it."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import Tuple

from casa_desktop.system import process

_CREDENTIALS = struct.Struct("3i")


def peer(connection: socket.socket) -> Tuple[int, int]:
    """Return the process and the user at the other end of a unix socket."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user, _ = _CREDENTIALS.unpack(told)
    return pid, user


class Rank:
    """A rank that has connected.

    Attributes:
        number: its rank.
        pid: its process id.
        connection: the connection to it.
        life: a descriptor that is readable when it has ended; None before Linux 5.3.
    """

    def __init__(self, number: int, pid: int, connection: socket.socket) -> None:
        self.number, self.pid, self.connection = number, pid, connection
        try:
            self.life = process.open_pid(pid)
        except ProcessLookupError:
            # Its connection ends.
            self.life = None

    def forget_life(self) -> None:
        """Note that it has ended."""
        if self.life is not None:
            os.close(self.life)
            self.life = None

    def signal_group(self, number: int) -> None:
        """Send a signal to the process, and to its children if mpirun has given it a process group."""
        with suppress(OSError):
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
