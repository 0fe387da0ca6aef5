"""Ports of loopback for programs that are told on which one to listen."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from typing import List

# Below those that the system gives out by itself (net.ipv4.ip_local_port_range): one of these stays free
# until the program has it.
_FIRST, _LAST = 12_000, 32_000


def free_ports(number: int) -> List[int]:
    """Return so many different ports that are free now."""
    found: List[int] = []
    while len(found) < number:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def free_port() -> int:
    """Return a port that is free now."""
    return free_ports(1)[0]
