"""A browser's side of the websocket: RFB and video in binary frames, words in text frames. Only what the tests need."""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

RAW, EXTENDED_SIZE, CLIPBOARD = 0, -308, 0xC0A1E5CE - (1 << 32)


class Closed(Exception):
    """The server has closed the connection."""


class Message(NamedTuple):
    kind: int
    data: bytes


class Browser:
    """One view.

    Args:
        websocket: tornado's connection.
    """

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket
        self.words: list[dict[str, Any]] = []
        # All that Xvnc has sent.
        self.received = b""
        self._rest = b""
        # Frames of video with the words that came before each; the words whose frame is still to come.
        self._frames: list[tuple[dict[str, Any], bytes]] = []
        self._announced: dict[str, Any] | None = None
        self.size = (0, 0)

    async def greet(self, *encodings: int) -> Browser:
        """Do the handshake of RFC 6143, section 7.1 and 7.3, and ask for encodings, if any are given."""
        await self.read(12)
        self.send(b"RFB 003.008\n")
        (kinds,) = await self.read(1)
        assert await self.read(kinds) == b"\1"
        self.send(b"\1")
        assert await self.read(4) == bytes(4)
        self.send(b"\0")
        head = await self.read(24)
        self.size = struct.unpack_from(">HH", head)
        await self.read(struct.unpack_from(">I", head, 20)[0])
        if encodings:
            self.send(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))
        return self

    def send(self, data: bytes) -> None:
        self.websocket.write_message(data, binary=True)

    def say(self, **words: Any) -> None:
        self.websocket.write_message(json.dumps(words))

    async def hear(self, kind: str) -> dict[str, Any]:
        """Return the next words of this type; others are kept."""
        while True:
            for index, words in enumerate(self.words):
                if words["type"] == kind:
                    return self.words.pop(index)
            await self._receive()

    async def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            await self._receive()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    async def _receive(self) -> None:
        message = await self.websocket.read_message()
        if message is None:
            raise Closed(self.websocket.close_code, self.websocket.close_reason)
        if isinstance(message, str):
            words = json.loads(message)
            if words["type"] == "frame":
                self._announced = words
            else:
                self.words.append(words)
        elif self._announced is not None:
            self._frames.append((self._announced, message))
            self._announced = None
        else:
            self.received += message
            self._rest += message

    async def frame(self) -> tuple[dict[str, Any], bytes]:
        """Return the next frame of video, and the words that came before it."""
        while not self._frames:
            await self._receive()
        return self._frames.pop(0)

    @property
    def frames(self) -> int:
        """How many frames of video have come and have not been read."""
        return len(self._frames)

    async def message(self) -> Message:
        """Return Xvnc's next message: an update's pixels, a cut text, or another one's bytes."""
        (kind,) = await self.read(1)
        if kind == 0:
            (count,) = struct.unpack(">xH", await self.read(3))
            return Message(0, b"".join([await self._rectangle() for _ in range(count)]))
        if kind == 3:
            (length,) = struct.unpack(">3xi", await self.read(7))
            return Message(3, await self.read(abs(length)))
        raise AssertionError(f"an unexpected message of type {kind}")

    async def _rectangle(self) -> bytes:
        _, _, width, height, encoding = struct.unpack(">4Hi", await self.read(12))
        if encoding == EXTENDED_SIZE:
            (screens,) = await self.read(1)
            return await self.read(3 + 16 * screens) and b""
        assert encoding == RAW
        return await self.read(width * height * 4)

    async def update(self, width: int = 1, height: int = 1) -> bytes:
        """Ask for a picture and return its pixels; Xvnc has done everything then that was sent before."""
        self.send(request(width, height))
        while True:
            message = await self.message()
            if message.kind == 0 and message.data:
                return message.data
            if message.kind == 0:
                # It told the desktop's size instead, and keeps the pixels for the next request.
                self.send(request(width, height, incremental=True))

    async def closed(self) -> tuple[int, str]:
        """Wait until the server closes the connection; return code and reason."""
        try:
            while True:
                await self._receive()
        except Closed as closed:
            return closed.args  # type: ignore[return-value]
        finally:
            self.websocket.close()


def request(width: int, height: int, *, incremental: bool = False) -> bytes:
    return struct.pack(">BBHHHH", 3, incremental, 0, 0, width, height)


def pointer(x: int, y: int, buttons: int = 0) -> bytes:
    return struct.pack(">BBHH", 5, buttons, x, y)


def key(symbol: int, down: bool = True) -> bytes:
    return struct.pack(">BBxxI", 4, down, symbol)


def cut_text(text: bytes) -> bytes:
    return struct.pack(">B3xI", 6, len(text)) + text


def desktop_size(width: int, height: int) -> bytes:
    return struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0)
