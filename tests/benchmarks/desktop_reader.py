"""How the Jupyter server grows while somebody asks for the desktop's picture for a minute and reads nothing of it.

The reader is a bare websocket client. It asks for the whole picture, uncompressed, thirty times a second; of a film,
so that there is always something new. A server that has grown by a gigabyte has grown enough to be told.
"""

from __future__ import annotations

import struct
import time
from contextlib import suppress
from typing import Mapping, Tuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from .desks import Desk, on_both
from .harness import Figure

PEER = "jupyter-remote-desktop-proxy"
SECONDS = 60
ENOUGH = 1e9

FIGURES = {
    "growth": Figure("growth of the server under a slow reader", 32, "MB", target="ours"),
    "x": Figure("growth of the X server meanwhile", None, "MB", target="difference"),
}


def _measure(desk: Desk) -> Mapping[str, float]:
    # The page starts the desktop, and is left.
    with desk.page():
        pass
    url = f"ws{desk.jupyter.url[4:]}{desk.websocket_path}?token={desk.jupyter.token}"
    watched = {"growth": desk.server(), "x": desk.x_server()}
    # One message waits to be taken, and then the client reads nothing more.
    with desk.program("film"), connect(url, max_size=None, max_queue=1, ping_interval=None, close_timeout=0) as client:
        idle = {name: each.memory_info().rss for name, each in watched.items()}
        most = dict(idle)
        width, height = _greet(client)
        end = time.monotonic() + SECONDS
        # Ours gives up a browser that answers no pings, after 45 s or so.
        with suppress(ConnectionClosed):
            while time.monotonic() < end and most["growth"] - idle["growth"] < ENOUGH:
                # FramebufferUpdateRequest, not incremental: RFC 6143, section 7.5.3.
                client.send(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
                time.sleep(1 / 30)
                most = {name: max(most[name], each.memory_info().rss) for name, each in watched.items()}
    return {name: (most[name] - idle[name]) / 1e6 for name in watched}


def _greet(client: ClientConnection) -> Tuple[int, int]:
    """Do RFB's handshake without a password, and ask for raw pixels; return width and height: RFC 6143, section 7."""
    pending = b""

    def read(size: int) -> bytes:
        nonlocal pending
        while len(pending) < size:
            message = client.recv()
            pending += message if isinstance(message, bytes) else b""
        taken, pending = pending[:size], pending[size:]
        return taken

    read(12)
    client.send(b"RFB 003.008\n")
    read(ord(read(1)))
    client.send(b"\x01")
    read(4)
    client.send(b"\x01")
    width, height, name = struct.unpack(">HH16xI", read(24))
    read(name)
    client.send(struct.pack(">BxHi", 2, 1, 0))
    return width, height


ours, peer = on_both(_measure)
