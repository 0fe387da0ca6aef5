from __future__ import annotations

import os
import socket

from casa_desktop.runtime.x_files import SOCKETS, socket_of

from .support import traces


def test_what_a_dead_x_server_has_left_is_removed_and_a_living_one_s_socket_is_not() -> None:
    SOCKETS.mkdir(mode=0o1777, exist_ok=True)
    dead, living = (socket_of(1_000_000 + 2 * os.getpid() + number) for number in range(2))
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(dead))
        other.bind(str(living))
        other.listen()
        traces.remove(os.geteuid() + 1)
        assert dead.exists()
        traces.remove(os.geteuid())
        assert (dead.exists(), living.exists()) == (False, True)
    living.unlink()
