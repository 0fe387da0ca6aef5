"""Whose socket is at the other end of a connection within this machine."""

from __future__ import annotations

import os
import socket
from typing import Callable, Iterator, Optional, Tuple

import pytest

from casa_desktop.system import tcp_users
from casa_desktop.system.tcp_users import Address

from ...support import ordinary_user

CONNECTED = """
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
sys.stdin.read()
"""
# By sock_diag, and by what is left where a container forbids that.
WAYS = [tcp_users._asked, tcp_users._listed]
Way = Callable[[Address, Address], Optional[int]]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def accepted(listener: socket.socket) -> Tuple[socket.socket, Address]:
    """Return the next connection, and the address at its other end."""
    connection, client = listener.accept()
    return connection, (client[0], client[1])


@pytest.mark.parametrize("way", WAYS)
def test_the_other_end_belongs_to_the_user_who_connected(listener: socket.socket, way: Way) -> None:
    words = [ordinary_user.python(), "-c", CONNECTED, str(listener.getsockname()[1])]
    with ordinary_user.start(words, env=ordinary_user.environment()) as other:
        connection, client = accepted(listener)
        with connection:
            assert way(client, connection.getsockname()) == ordinary_user.UID
            assert tcp_users.user_of(client, connection.getsockname()) == ordinary_user.UID
        other.communicate()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")])
def test_a_socket_for_ipv6_with_an_address_of_ipv4_is_found_too(
    listener: socket.socket, way: Way, family: socket.AddressFamily, host: str
) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as own:
        own.connect((host, listener.getsockname()[1]))
        connection, client = accepted(listener)
        with connection:
            assert way(client, connection.getsockname()) == os.getuid()


@pytest.mark.parametrize("way", WAYS)
def test_a_socket_that_was_closed_belongs_to_nobody(listener: socket.socket, way: Way) -> None:
    # Linux would say that it is root's.
    with socket.create_connection(listener.getsockname()):
        connection, client = accepted(listener)
    with connection:
        assert connection.recv(1) == b""
        assert way(client, connection.getsockname()) is None
        assert way(("127.0.0.1", 1), connection.getsockname()) is None
