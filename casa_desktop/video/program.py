"""The encoder's process: ``python -m casa_desktop.video.program DISPLAY PARENT``, for one view of a desktop.

``DISPLAY`` is the desktop's, whose cookie's path is in the environment, ``PARENT`` the process id of the server, with
which it ends. While no stream is wanted it stays for ``KEPT_SECONDS``.

It encodes a frame only when the server has asked for one and something has changed, and is nicer to the machine than
CASA.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Any, Deque, Optional

from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError

from ..system.process import die_with
from .area import Area
from .encoder import Encoder
from .pixels import PIXEL, Pixels
from .wire import DELTA, KEY, REST, Head

# Beside one busy process of CASA's on each processor, a third of a processor's share: the 30 frames per second of
# 600 x 600 pixels that it takes. At 10, a tenth, there were 13.
NICE = 5
# What has moved soon moves again.
KEPT_SECONDS = 10.0
# What stands still for so long does not move any more: at least, at most, and in intervals between the last frames.
LEAST_REST, MOST_REST, REST_INTERVALS = 0.08, 0.2, 2.5
_REMEMBERED = 8
_LINE = 1 << 16


class Stream:
    """One area's pictures, encoded one after the other.

    Args:
        number: counted from 1.
        area: the part of the desktop.
        codec: how to encode it.
        level: how well.
    """

    def __init__(self, number: int, area: Area, codec: str, level: int) -> None:
        self.number, self.area = number, area
        self._encoder = Encoder(codec, level, area.width, area.height)
        # Where the next picture's pixels belong, and those of the last one; none before the first.
        self.pixels, self._last = bytearray(PIXEL * area.width * area.height), bytearray()
        self._times: Deque[float] = deque(maxlen=_REMEMBERED)

    def frame(self) -> bytes:
        """Return the next message with a frame, of ``pixels``; nothing if they are those of the last one."""
        # Programs paint again what is there already.
        if self.pixels == self._last:
            return b""
        self._times.append(time.monotonic())
        data, key = self._encoder.encode(self.pixels)
        self.pixels, self._last = self._last or bytearray(len(self.pixels)), self.pixels
        return Head(KEY if key else DELTA, self.number, self.area, len(data)).packed() + data

    def rest(self) -> bytes:
        """Return the message that nothing moves."""
        return Head(REST, self.number, self.area, 0).packed()

    @property
    def rest_seconds(self) -> float:
        """After how long without a change it has come to rest."""
        if len(self._times) < 2:
            return MOST_REST
        interval = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        return min(max(LEAST_REST, REST_INTERVALS * interval), MOST_REST)


class Program:
    """Waits for the server's words and for what changes on the desktop; see ``wire``."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._stream: Optional[Stream] = None
        self._streams = 0
        # How many frames the server takes.
        self._wanted = 0
        # Whether the picture has changed since the last frame.
        self._changed = False
        self._rests_at: Optional[float] = None
        self._unused_since = time.monotonic()
        self._input = b""

    def run(self) -> None:
        """Work until the server or the desktop ends, or nothing was wanted for a while."""
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.fileno(), selectors.EVENT_READ, self._hear)
            selector.register(self._pixels, selectors.EVENT_READ, self._look)
            with suppress(EOFError, ConnectionError, ConnectionClosedError):
                while True:
                    ready = selector.select(self._patience())
                    if not ready and self._stream is None:
                        return
                    for key, _ in ready:
                        key.data()
                    self._send()

    def _patience(self) -> Optional[float]:
        if self._stream is None:
            return max(0.0, self._unused_since + KEPT_SECONDS - time.monotonic())
        if self._wanted and self._changed:
            return 0
        return None if self._rests_at is None else max(0.0, self._rests_at - time.monotonic())

    def _hear(self) -> None:
        data = os.read(sys.stdin.fileno(), _LINE)
        if not data:
            raise EOFError
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, words: Any) -> None:
        if "frames" in words:
            self._wanted += words["frames"]
            return
        self._stream, self._changed, self._rests_at = None, False, None
        self._unused_since = time.monotonic()
        if words["area"] is not None:
            self._begin(Area(*words["area"]), words["codec"], words["level"])

    def _begin(self, area: Area, codec: str, level: int) -> None:
        self._streams += 1
        self._wanted = 0
        self._stream, self._changed = Stream(self._streams, area, codec, level), True

    def _look(self) -> None:
        if self._pixels.have_changed(None if self._stream is None else self._stream.area):
            self._changed = True

    def _send(self) -> None:
        """Send a frame if it is wanted and there is one, and say when there is none for a while."""
        stream = self._stream
        if stream is None:
            return
        if not self._wanted:
            self._rests_at = None
        elif self._changed and self._show(stream):
            self._wanted -= 1
            self._rests_at = None
        elif self._rests_at is None:
            self._rests_at = time.monotonic() + stream.rest_seconds
        elif time.monotonic() >= self._rests_at:
            self._rests_at = time.monotonic() + MOST_REST
            _write(stream.rest())

    def _show(self, stream: Stream) -> bool:
        """Send a frame, if there is another picture than in the last one, and return whether there is."""
        self._changed = False
        if not self._pixels.read(stream.area, stream.pixels):
            # The page learns of the desktop's size by RFB.
            self._stream = None
            _write(stream.rest())
            return False
        frame = stream.frame()
        _write(frame)
        return bool(frame)


def _write(data: bytes) -> None:
    # The server reads one message after the other, so that this waits for a server that does not.
    left = memoryview(data)
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


def main() -> None:
    """Encode until the server or the desktop ends."""
    die_with(int(sys.argv[2]))
    os.nice(NICE)
    with suppress(DisplayError, KeyboardInterrupt):
        Program(Pixels(Display(sys.argv[1]), Display(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
