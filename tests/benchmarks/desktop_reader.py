"""How the Jupyter server grows while somebody asks for the desktop's picture for a minute and reads nothing of it.

The reader is a bare websocket client. It asks for the whole picture, uncompressed, thirty times a second; of a film,
so that there is always something new. A server that has grown by a gigabyte has grown enough to be told.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Mapping

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from ..support.living import resident
from . import rfb, sides
from .desks import Desk
from .figures import OURS, Figure

READING = 60
ROUNDS = 1
SECONDS = 95
ENOUGH = 1e9

FIGURES = {
    "growth": Figure("growth of the server, and websockify, under a slow reader", 32, "MB", target="ours"),
    "x": Figure("growth of the X server meanwhile", None, "MB", target="difference"),
}


def _measure(desk: Desk, _: str) -> Mapping[str, float]:
    assert isinstance(desk, sides.InJupyter)
    # The page starts the desktop, and is left.
    with desk.page():
        pass
    url = f"ws{desk.jupyter.url[4:]}{desk.websocket_path}?token={desk.jupyter.token}"
    # One message waits to be taken, and then the client reads nothing more.
    with desk.program("film"), connect(url, max_size=None, max_queue=1, ping_interval=None, close_timeout=0) as client:
        width, height = rfb.greet(_reader(client), client.send)
        # Only now: websockify has a process for each connection.
        watched = {"growth": desk.serving(), "x": [desk.x_server()]}
        idle = {name: resident(each) for name, each in watched.items()}
        most = dict(idle)
        end = time.monotonic() + READING
        # Ours gives up a browser that answers no pings, after 45 s or so.
        with suppress(ConnectionClosed):
            while time.monotonic() < end and most["growth"] - idle["growth"] < ENOUGH:
                client.send(rfb.request(False, width, height))
                time.sleep(1 / 30)
                most = {name: max(most[name], resident(each)) for name, each in watched.items()}
    return {name: (most[name] - idle[name]) / 1e6 for name in watched}


def _reader(client: ClientConnection) -> rfb.Read:
    """Return what reads so many bytes of the stream that the messages make."""
    pending = b""

    def read(size: int) -> bytes:
        nonlocal pending
        while len(pending) < size:
            message = client.recv()
            pending += message if isinstance(message, bytes) else b""
        taken, pending = pending[:size], pending[size:]
        return taken

    return read


SIDES = sides.on([OURS, sides.JRDP, sides.WEBSOCKIFY], _measure)
