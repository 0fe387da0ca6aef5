"""A small RFB client: raw pixels, no password. The floor of what a desktop in a browser can do, and a slow reader.

The numbers of messages are those of RFC 6143, section 7.
"""

from __future__ import annotations

import socket
import struct
from typing import Callable, Tuple

import numpy as np
from numpy.typing import NDArray

Read = Callable[[int], bytes]
Write = Callable[[bytes], object]

RAW, DESKTOP_SIZE = 0, -223
_UPDATE, _COLOUR_MAP, _BELL, _CUT_TEXT = 0, 1, 2, 3
# 32 bits for a pixel, little-endian 0x00RRGGBB.
_PIXEL_FORMAT = struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


def greet(read: Read, write: Write) -> Tuple[int, int]:
    """Do the handshake, and ask for raw pixels; return width and height."""
    read(12)
    write(b"RFB 003.008\n")
    read(ord(read(1)))
    write(b"\x01")
    read(4)
    write(b"\x01")
    width, height, name = struct.unpack(">HH16xI", read(24))
    read(name)
    write(_PIXEL_FORMAT)
    write(struct.pack(">BxHi", 2, 1, RAW))
    return width, height


def request(incremental: bool, width: int, height: int) -> bytes:
    """Return the message that asks for the picture, or for what has changed of it."""
    return struct.pack(">BBHHHH", 3, incremental, 0, 0, width, height)


class Client:
    """A connection to an RFB server's unix socket; a context manager.

    Attributes:
        picture: the framebuffer, height x width of 0x00RRGGBB.
        received: bytes read until now.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._socket.settimeout(30)
        self._stream = self._socket.makefile("rb", buffering=1 << 20)
        self.received = 0
        self.width, self.height = greet(self._read, self._socket.sendall)
        self.picture: NDArray[np.uint32] = np.zeros((self.height, self.width), np.uint32)
        self._socket.sendall(request(False, self.width, self.height))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ConnectionError("The RFB server has closed the connection.")
        self.received += size
        return data

    def press(self, x: int, y: int) -> None:
        """Press and release the left button there."""
        self._socket.sendall(struct.pack(">BBHHBBHH", 5, 1, x, y, 5, 0, x, y))

    def update(self) -> None:
        """Wait for the next update, take it in, and ask for the one after."""
        while (kind := ord(self._read(1))) != _UPDATE:
            self._skip(kind)
        (rectangles,) = struct.unpack(">xH", self._read(3))
        for _ in range(rectangles):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self._read(12))
            if encoding == RAW:
                data = np.frombuffer(self._read(4 * width * height), "<u4")
                self.picture[y : y + height, x : x + width] = data.reshape(height, width)
        self._socket.sendall(request(True, self.width, self.height))

    def _skip(self, kind: int) -> None:
        if kind == _COLOUR_MAP:
            self._read(6 * struct.unpack(">xxxH", self._read(5))[0])
        elif kind == _CUT_TEXT:
            self._read(struct.unpack(">xxxI", self._read(7))[0])
        elif kind != _BELL:
            raise ConnectionError(f"The RFB server sent a message of the unknown kind {kind}.")
