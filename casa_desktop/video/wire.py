"""What the encoder's process and the server say to each other, over the process's standard input and output.

The server writes lines of JSON. With ``{"area": […], "codec": "h264", "level": 4}`` a new stream begins, with
``{"area": null}`` it pauses; ``{"frames": 1}`` lets the encoder send one more frame. The encoder writes a ``Head``
before each frame, and one without a frame when nothing has moved although it might have sent one.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Iterator, NamedTuple, Optional, Tuple

from .area import Area

_HEAD = struct.Struct(">BIHHHHI")
HEAD_BYTES = _HEAD.size
# A message without a frame; a frame that needs the one before; one that needs none.
REST, DELTA, KEY = 0, 1, 2


class Head(NamedTuple):
    """What comes before a frame.

    Attributes:
        kind: ``REST``, ``DELTA`` or ``KEY``.
        stream: the number of the stream, counted from 1.
        area: the part of the desktop that the frame shows.
        size: the frame's bytes.
    """

    kind: int
    stream: int
    area: Area
    size: int

    def packed(self) -> bytes:
        """Return it as bytes."""
        return _HEAD.pack(self.kind, self.stream, *self.area, self.size)


def unpacked(data: bytes) -> Head:
    """Return the head that these ``HEAD_BYTES`` bytes are."""
    kind, stream, x, y, width, height, size = _HEAD.unpack(data)
    return Head(kind, stream, Area(x, y, width, height), size)


class Messages:
    """Cuts what the encoder writes into heads and frames."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Tuple[Head, bytes]]:
        """Take further bytes, and yield the messages that are complete."""
        self._data += data
        while len(self._data) >= HEAD_BYTES:
            head = unpacked(bytes(self._data[:HEAD_BYTES]))
            end = HEAD_BYTES + head.size
            if len(self._data) < end:
                return
            frame = bytes(self._data[HEAD_BYTES:end])
            del self._data[:end]
            yield head, frame


def stream_command(area: Optional[Area], codec: str = "", level: int = 0) -> bytes:
    """Return the line by which a stream begins, or pauses if ``area`` is None."""
    return _line({"area": area, "codec": codec, "level": level})


def frame_command() -> bytes:
    """Return the line by which the encoder may send one more frame."""
    return _line({"frames": 1})


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"
