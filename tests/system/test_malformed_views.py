"""Browsers that send garbage to a real Xvnc through a real Jupyter server: they are put out, and all others go on."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple, Union

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from casa_desktop.runtime.record import Record

from ..support.examples import SHARED, percent
from ..support.lab import Jupyter
from ..support.rfb_reader import GREETING, Reader

# A view that does not know that desktops can change their size is put out by Xvnc when one does.
ENCODINGS = struct.pack(">BxH3i", 2, 3, 0, -223, -308)
SCREEN = struct.pack(">BBHHHH", 3, 0, 0, 0, 4, 4)
Frame = Union[bytes, str]

# Messages of the protocol with whatever in them, and what is none.
rfb = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda kind, rest: bytes([kind]) + rest, st.sampled_from([0, 2, 3, 4, 5, 6, 150, 248, 250, 251, 255])
              , st.binary(max_size=40)),
    st.builds(lambda count, rest: struct.pack(">BxH", 2, count) + rest, st.integers(0, 0xFFFF), st.binary(max_size=80)),
    st.builds(lambda size, rest: struct.pack(">B3xi", 6, size) + rest, st.integers(-(2**31), 2**31 - 1), st.binary()),
    st.builds(lambda wide, high: struct.pack(">BxHHBx", 251, wide, high, 1) + bytes(16), st.integers(0, 65535),
              st.integers(0, 65535)),
)  # fmt: skip
words = st.one_of(
    st.text(max_size=40),
    st.builds(
        lambda kind, key, value: json.dumps({"type": kind, key: value}),
        st.sampled_from(["ping", "visible", "control", "scale", "link", "audience", ""]),
        st.sampled_from(["id", "visible", "ratio", "more"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.none(), max_size=2),
    ),
)
frames = st.lists(rfb | words, min_size=1, max_size=8)


@pytest.fixture
def address(jupyter: Jupyter, desktop: Any) -> Tuple[str, Dict[str, str]]:
    """Where the running desktop's websocket is, and the header that lets its owner in."""
    desktop("start")
    url = f"ws://127.0.0.1:{jupyter.port}/casa-desktop/api/desktops/main/rfb"
    return url, {"Authorization": f"token {jupyter.token}"}


def _goes_on(address: Tuple[str, Dict[str, str]], server: int) -> None:
    """Look at the desktop as a proper view does, and see that it is the same X server."""
    url, headers = address
    with connect(url, additional_headers=headers) as view:
        view.send(GREETING)
        reader = Reader(view)
        reader.greeted()
        view.send(ENCODINGS + SCREEN)
        assert reader.read(2) == b"\0\0"
    assert "vnc" in Path(f"/proc/{server}/comm").read_text()


@settings(SHARED, max_examples=percent(40))
@given(frames, st.booleans())
@example([struct.pack(">B3xi", 6, -(2**31))], True)
@example([struct.pack(">BxHHBx", 251, 65535, 65535, 1) + bytes(16)], True)
@example(["[" * 9999], False)
@example(["x" * 2_000_000], False)
@example([b"\xff" * 2_000_000], False)
def test_garbage_puts_out_nobody_but_its_sender(
    address: Tuple[str, Dict[str, str]], record: Callable[[], Record], sent: List[Frame], greets: bool
) -> None:
    url, headers = address
    server = record().x_server_pid
    with suppress(ConnectionClosed), connect(url, additional_headers=headers, max_queue=None) as view:
        for frame in [GREETING, *sent] if greets else sent:
            view.send(frame)
    # 1013: Xvnc itself has put it out.
    assert view.close_code in (1000, 1002, 1006, 1007, 1008, 1009, 1013)
    _goes_on(address, server)


def test_a_view_that_leaves_in_the_middle_of_everything_leaves_nothing(
    address: Tuple[str, Dict[str, str]], record: Callable[[], Record]
) -> None:
    url, headers = address
    server = record().x_server_pid
    for cut in range(len(GREETING) + len(SCREEN)):
        with connect(url, additional_headers=headers) as view:
            view.send((GREETING + SCREEN)[:cut])
            # Without a goodbye.
            view.socket.shutdown(socket.SHUT_RDWR)
    _goes_on(address, server)
