"""Connections that have shown no cookie: how many there may be, and how long; by a clock that is set by hand."""

from __future__ import annotations

import resource
import socket
import threading
from typing import Iterator, List, Tuple

import pytest

from casa_desktop.runtime.settings import Settings
from casa_desktop.web import pending_connections
from casa_desktop.web.page_server import Server
from casa_desktop.web.pending_connections import MOST, PATIENCE_SECONDS, Strangers
from casa_desktop.web.standalone import Handler

Pair = Tuple[socket.socket, socket.socket]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pairs() -> Iterator[List[Pair]]:
    """So many connections, and one more."""
    made = [socket.socketpair() for _ in range(MOST + 1)]
    yield made
    for pair in made:
        for end in pair:
            end.close()


def _is_out(far: socket.socket) -> bool:
    far.setblocking(False)
    try:
        return far.recv(1) == b""
    except BlockingIOError:
        return False


def test_who_comes_when_there_are_enough_puts_out_the_one_that_has_waited_longest(pairs: List[Pair]) -> None:
    here = Strangers()
    for near, _ in pairs:
        here.add(near)
    assert len(here) == MOST
    assert [_is_out(far) for _, far in pairs] == [True] + [False] * MOST


def test_who_is_known_stays_and_who_is_late_does_not(pairs: List[Pair]) -> None:
    clock = Clock()
    here = Strangers(clock)
    (late, its_far), (known, its_page), (quick, other) = pairs[:3]
    here.add(late)
    here.add(known)
    here.discard(known)
    clock.now += PATIENCE_SECONDS
    here.add(quick)
    here.put_out_the_late()
    assert not _is_out(its_far)
    clock.now += 0.1
    here.put_out_the_late()
    assert (_is_out(its_far), _is_out(its_page), _is_out(other)) == (True, False, False)


def test_strangers_never_get_more_than_a_part_of_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (60, 60))
    assert Strangers().most == 60 // pending_connections.SHARE


def test_one_that_sends_its_request_byte_by_byte_is_put_out_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with Server(Handler, "main", Settings(), 0, lambda: None) as server:
        server.strangers = Strangers(clock)
        answering = threading.Thread(target=server.serve_forever, args=[0.01])
        answering.start()
        with socket.create_connection(("127.0.0.1", server.port), 30) as slow:
            slow.sendall(b"GET /casa-desktop/ HTTP/1.1\r\nHo")
            while len(server.strangers) == 0:
                slow.sendall(b"o")
            clock.now += PATIENCE_SECONDS + 1
            assert slow.recv(1) == b""
        server.shutdown()
        answering.join()
