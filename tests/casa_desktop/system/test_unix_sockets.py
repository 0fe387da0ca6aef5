"""Connecting where many others wait, and descriptors sent to others."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Iterator

import pytest

from casa_desktop.system import unix_sockets
from casa_desktop.system.unix_sockets import connected


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[socket.socket]:
    """A listening socket with no room in its queue."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(tmp_path / "s"))
        listener.listen(0)
        stack.enter_context(connected(listener.getsockname(), 0))
        yield listener


@pytest.mark.parametrize("seconds", [0, 0.01])
def test_without_room_it_gives_up_in_time(busy: socket.socket, seconds: float) -> None:
    with pytest.raises(BlockingIOError):
        connected(busy.getsockname(), seconds)


def test_it_is_let_in_as_soon_as_there_is_room(busy: socket.socket) -> None:
    accepting = Thread(target=lambda: busy.accept()[0].close())
    accepting.start()
    with connected(busy.getsockname(), 60) as found:
        accepting.join()
        assert found.getblocking()
        with busy.accept()[0] as other:
            other.sendall(b"x")
            assert found.recv(1) == b"x"


def test_where_nobody_listens_it_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connected(tmp_path / "none", 60)


def test_descriptors_arrive_with_the_bytes_and_are_not_inherited() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with left, right, open(os.devnull, "rb") as one, open("/proc/self/stat", "rb") as other:
        unix_sockets.send(left, b"two", [one.fileno(), other.fileno()])
        data, descriptors = unix_sockets.receive(right, 3)
        assert data == b"two"
        assert [os.readlink(f"/proc/self/fd/{each}") for each in descriptors] == [one.name, f"/proc/{os.getpid()}/stat"]
        assert not any(map(os.get_inheritable, descriptors))
        for each in descriptors:
            os.close(each)
        unix_sockets.send(left, b"none", [])
        assert unix_sockets.receive(right, 4) == (b"none", [])
