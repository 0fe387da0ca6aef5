"""Keep the X servers of a private network from the numbers of the machine's desktops.

An X server asks its own network whether a number is free, by the abstract address of its socket (unix(7)). In a private
network each is, so that one that a cell starts, like PyVirtualDisplay's Xvfb, would put its socket in
``/tmp/.X11-unix`` in the place of a desktop's. A client that finds nobody listening at the abstract address takes the
socket in that folder.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import List

# X servers begin with 0. More desktops of one user are rare, and other users' sockets cannot be replaced.
NUMBERS = 64
_ADDRESS = "\0/tmp/.X11-unix/X{}"


def occupy() -> List[socket.socket]:
    """Occupy the numbers of desktops in this process's network, until the sockets are closed or the process ends."""
    held: List[socket.socket] = []
    # Without descriptors or memory the others are free as before.
    with suppress(OSError):
        for number in range(NUMBERS):
            held.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            held[-1].bind(_ADDRESS.format(number))
    return held
