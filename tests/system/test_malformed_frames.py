"""Whoever has a token may still send whatever he likes below the websocket: frames that break its own rules."""

from __future__ import annotations

import base64
import os
import socket
import struct
import time
from contextlib import closing, suppress
from typing import Any, List

import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ..support.examples import SHARED, percent
from ..support.lab import Jupyter
from ..support.rfb_reader import GREETING

# First byte: FIN, three reserved bits, and the opcode; second: whether it is masked, and the length: RFC 6455, 5.2.
firsts = st.integers(0, 255)
payloads = st.binary(max_size=200)


def framed(first: int, masked: bool, payload: bytes, told: int = -1) -> bytes:
    """Return a frame; ``told`` is the length that it claims, by default its own."""
    length = len(payload) if told < 0 else told
    if length < 126:
        head = struct.pack(">BB", first, (masked << 7) | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", first, (masked << 7) | 126, length)
    else:
        head = struct.pack(">BBQ", first, (masked << 7) | 127, length)
    mask = os.urandom(4) if masked else b""
    body = bytes(each ^ mask[number % 4] for number, each in enumerate(payload)) if masked else payload
    return head + mask + body


frames = st.one_of(
    st.builds(framed, firsts, st.booleans(), payloads),
    # Proper ones, of text and of RFB, in pieces or whole.
    st.builds(framed, st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80]), st.just(True), payloads),
    # Ping, pong and close with whatever in them.
    st.builds(framed, st.sampled_from([0x88, 0x89, 0x8A]), st.just(True), st.binary(max_size=130)),
    # Lengths that are not kept, up to more than there is memory.
    st.builds(framed, st.sampled_from([0x81, 0x82]), st.booleans(), payloads, st.integers(0, 2**63 - 1)),
    st.binary(max_size=60),
)


@pytest.fixture
def running(jupyter: Jupyter, desktop: Any) -> Jupyter:
    """The server, with a running desktop."""
    desktop("start")
    return jupyter


def _upgraded(jupyter: Jupyter) -> socket.socket:
    """Return a connection that has become the desktop's websocket."""
    connection = socket.create_connection(("127.0.0.1", jupyter.port), 30)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /casa-desktop/api/desktops/main/rfb HTTP/1.1\r\nHost: 127.0.0.1:{jupyter.port}\r\n"
        f"Authorization: token {jupyter.token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101")
    return connection


def _goes_on(jupyter: Jupyter) -> None:
    """See that the server answers, and by its answer that it is done with what came before."""
    with closing(_upgraded(jupyter)) as connection:
        connection.sendall(framed(0x89, True, b"there?"))
        received = b""
        while b"there?" not in received:
            more = connection.recv(4096)
            assert more, "it has put out a view that did nothing wrong"
            received += more


@settings(SHARED, max_examples=percent(40))
@given(st.lists(frames, max_size=6), st.booleans())
@example([framed(0x82, True, b"", 2**62)], True)
@example([framed(0x82, False, b"unmasked")], True)
@example([framed(0xF2, True, b"reserved bits")], True)
@example([framed(0x81, True, b"\xff\xfe")], False)
@example([framed(0x09, True, b"a ping in pieces")], False)
@example([framed(0x02, True, b"R")] * 6, False)
@example([framed(0x89, True, b"")] * 500, False)
def test_frames_that_break_the_rules_put_out_nobody_but_their_sender(
    running: Jupyter, sent: List[bytes], greets: bool
) -> None:
    # It may be put out in the middle.
    with closing(_upgraded(running)) as connection, suppress(OSError):
        connection.sendall((framed(0x82, True, GREETING) if greets else b"") + b"".join(sent))
        connection.shutdown(socket.SHUT_WR)
    _goes_on(running)


def test_none_of_them_leaves_anything_in_the_server(running: Jupyter) -> None:
    _goes_on(running)
    server = psutil.Process(running.process.pid)
    descriptors, threads = server.num_fds(), server.num_threads()
    for number in range(100):
        with closing(_upgraded(running)) as connection:
            connection.sendall(framed(0x82, True, GREETING)[: number % 20] + framed(number, bool(number % 2), b"x" * 9))
    _goes_on(running)
    assert running.descriptors_at_rest(descriptors + 3) <= descriptors + 3
    deadline = time.monotonic() + 30
    while server.num_threads() > threads + 1 and time.monotonic() < deadline:
        # A thread that has nothing to do is kept for a while.
        _goes_on(running)
    assert server.num_threads() <= threads + 1
