"""A view of a desktop without a browser, as a program of its own: ``python view.py URL NAME TOKEN``.

It keeps a websocket to the desktop ``NAME`` of the Jupyter server at ``URL``, asks for its picture for ever and takes
what comes. When the connection is lost it does as the page does (``machine.ts``): it asks what has become of the
desktop, has it started again if nobody meant it to end, and connects again with a growing pause.

Each change is a line on its standard output: ``connected`` once there is a picture, ``lost CODE REASON``, and ``start
REASON``.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from typing import Any, Iterator, Optional
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

# Version 3.8, no security, shared: RFC 6143, sections 7.1 to 7.3.
GREETING = b"RFB 003.008\n\1\1"
# Raw pixels, and that the desktop may change its size: a view that does not know of it would be put out.
ENCODINGS = struct.pack(">BxH3i", 2, 3, 0, -223, -308)
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0)


def main(url: str, name: str, token: str) -> None:
    """Look at the desktop until the end of time."""
    address = f"ws{url[4:]}casa-desktop/api/desktops/{name}/rfb"
    failures = 0
    while True:
        began = time.monotonic()
        try:
            with connect(
                address,
                additional_headers={"Authorization": f"token {token}"},
                max_size=None,
                open_timeout=5,
                ping_interval=None,
            ) as socket:
                look(socket)
        except ConnectionClosed as error:
            received = error.rcvd
            say(f"lost {received.code} {received.reason}" if received else "lost")
        except (OSError, WebSocketException) as error:
            say(f"lost {type(error).__name__}")
        # One that held for a while begins anew.
        failures = 0 if time.monotonic() - began > sum(PAUSES) else failures + 1
        time.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        have_back(f"{url}casa-desktop/api/desktops", name, token)


def have_back(desktops: str, name: str, token: str) -> None:
    """Have the desktop started again, if it is gone and nobody meant it to end."""
    found = ask(f"{desktops}/{name}", token)
    if found is not None and found.get("error") == "DesktopLost":
        say(f"start {found['message']}")
        ask(desktops, token, {"name": name})


def ask(url: str, token: str, body: Any = None) -> Optional[Any]:
    """Return what the REST interface says, errors too; None where it does not answer."""
    request = Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"token {token}")
    try:
        with urlopen(request, timeout=15) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        return json.loads(error.read() or b"{}")
    except (OSError, ValueError):
        return None


def look(socket: ClientConnection) -> None:
    """Ask for a picture and then for all that changes on it, with one small rectangle: the first byte is enough."""
    socket.send(GREETING + ENCODINGS)
    frames = (frame for frame in socket if isinstance(frame, bytes))
    greeting = take(frames, 12 + 2 + 4 + 24)
    name = int.from_bytes(greeting[38:42], "big")
    rest = take(frames, name, greeting[42:])
    socket.send(struct.pack(">BBHHHH", 3, 0, 0, 0, 64, 64))
    take(frames, 1, rest[name:])
    say("connected")
    # Incremental: Xvnc sends when something has changed there.
    for _ in frames:
        socket.send(struct.pack(">BBHHHH", 3, 1, 0, 0, 1024, 768))


def take(frames: Iterator[bytes], size: int, have: bytes = b"") -> bytes:
    """Return what has come once it is at least ``size`` bytes."""
    while len(have) < size:
        have += next(frames)
    return have


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
