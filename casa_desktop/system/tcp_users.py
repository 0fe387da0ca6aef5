"""Which user of this machine is at the other end of a TCP connection that does not leave it.

Linux knows the owner of each socket: sock_diag(7), which ``ss -e`` asks, too, and /proc/net/tcp, where entries may be
missing while others come and go. This module does not import Jupyter, and runs on Python 3.8.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Optional, Tuple

Address = Tuple[str, int]

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
# Ports, IPv4 addresses in sixteen bytes each, interface, cookie; in the network's order but for the last two.
_ID = struct.Struct("!HH4s12x4s12x")
_ANY_SOCKET = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
# Family and state; after timer, retransmissions, the id and three numbers follows the user.
_ANSWER = struct.Struct("=BB2x48x12xI")
_ESTABLISHED = 1
_PATIENCE_SECONDS = 5.0
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def user_of(client: Address, server: Address) -> Optional[int]:
    """Return the id of the user whose socket is at ``client``, an IPv4 address; None if it is not to be found.

    A socket that its process has closed belongs to nobody, and is not found.

    Args:
        client: the other end of the connection.
        server: this end.
    """
    try:
        return _asked(client, server)
    except OSError:
        # A container may not allow such questions.
        return _listed(client, server)


def _asked(client: Address, server: Address) -> Optional[int]:
    wanted = _ID.pack(client[1], server[1], socket.inet_aton(client[0]), socket.inet_aton(server[0])) + _ANY_SOCKET
    body = _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF) + wanted
    head = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(_PATIENCE_SECONDS)
        kernel.send(head + body)
        answer = kernel.recv(8192)
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        # NLMSG_ERROR, with a negative errno.
        (number,) = struct.unpack_from("=i", answer, _HEADER.size)
        if -number == 2:
            return None
        raise OSError(-number, os.strerror(-number))
    _, state, user = _ANSWER.unpack_from(answer, _HEADER.size)
    return int(user) if state == _ESTABLISHED else None


def _listed(client: Address, server: Address) -> Optional[int]:
    local, remote = (f"{_hexadecimal(host)}:{port:04X}" for host, port in (client, server))
    for path in _TABLES:
        try:
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file]
        except OSError:
            continue
        for row in rows[1:]:
            # A socket for IPv6 that has an IPv4 address ends in that.
            if row[1].endswith(local) and row[2].endswith(remote) and int(row[3], 16) == _ESTABLISHED:
                return int(row[7])
    return None


def _hexadecimal(host: str) -> str:
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}"
