"""Video of what moves, for one view: what its page asks for, and how fast its encoder may go. No input or output.

The page asks for an area with ``{"type": "video", "area": {…}, "codec": "h264", "level": 4}``, and ends it with
``"area": null``. For each frame it is sent ``{"type": "frame", …}`` and, as the next binary message, the frame; it
answers ``{"type": "shown", "stream": 1}``. ``{"type": "rest"}`` says that nothing moves any more, ``{"type": "ended"}``
that there is no video for now. ``{"type": "codecs"}`` is answered by what can be had here. All of it is beside RFB, to
which a page may always return.
"""

from __future__ import annotations

import time
from typing import Any, Mapping, Protocol, Tuple

from ..errors import ProtocolViolation
from . import area as areas
from . import wire
from .area import Area
from .codecs import CODECS, LEVELS, available
from .pace import Pace

Words = Mapping[str, Any]


class Host(Protocol):
    """What a session asks of the connection that it belongs to."""

    def tell(self, words: Words) -> None:
        """Send a message to the page."""

    def show(self, words: Words, frame: bytes) -> None:
        """Send a frame to the page: its description, and itself as the next binary message."""

    def start_encoder(self) -> bool:
        """Start an encoder; return False if there may be none."""

    def say(self, line: bytes) -> None:
        """Write a line to the encoder."""

    def end_encoder(self) -> None:
        """End the encoder, if there is one."""


class Session:
    """The video of one view."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pace = Pace()
        self._running = False
        # The number of the stream, as the encoder counts them; 0 while none is wanted.
        self._stream = self._streams = 0
        # Frames that the encoder may send.
        self._granted = 0

    def hear(self, words: Words) -> None:
        """Handle a message of the page; others than those about video are ignored.

        Raises:
            ProtocolViolation: it is not valid.
        """
        if words["type"] == "shown" and words.get("stream") == self._stream:
            self._pace.shown(time.monotonic())
            self._grant()
        elif words["type"] == "video":
            self._request(words)
        elif words["type"] == "codecs":
            self._host.tell({"type": "codecs", "codecs": available()})

    def take(self, head: wire.Head, frame: bytes) -> None:
        """Pass on what the encoder has sent."""
        if head.stream != self._stream:
            # It was under way when the stream ended.
            return
        if head.kind == wire.REST:
            self._host.tell({"type": "rest", "stream": head.stream})
            return
        self._granted -= 1
        self._pace.sent(time.monotonic())
        key = head.kind == wire.KEY
        self._host.show({"type": "frame", "stream": head.stream, "key": key, "area": head.area._asdict()}, frame)
        self._grant()

    def ended(self) -> None:
        """Tell the page that there is no video for now: the encoder has ended."""
        self._running = False
        if self._stream:
            self._stream = 0
            self._host.tell({"type": "ended"})

    def close(self) -> None:
        """End the encoder."""
        self._stream = 0
        self._running = False
        self._host.end_encoder()

    def _request(self, words: Words) -> None:
        if words.get("area") is None:
            # An encoder on which the page has waited in vain is not kept.
            return self.close() if words.get("failed") else self._pause()
        area, codec, level = _checked(words)
        if not self._running:
            self._streams = 0
            self._running = bool(available()) and self._host.start_encoder()
        if not self._running:
            return self._host.tell({"type": "ended"})
        self._streams += 1
        self._stream = self._streams
        self._granted = 0
        self._pace.restart()
        self._host.say(wire.stream_command(area, codec, level))
        self._grant()

    def _pause(self) -> None:
        if self._stream:
            self._stream = 0
            self._host.say(wire.stream_command(None))

    def _grant(self) -> None:
        while self._stream and self._granted < self._pace.room:
            self._granted += 1
            self._host.say(wire.frame_command())


def _checked(words: Words) -> Tuple[Area, str, int]:
    codec: Any = words.get("codec")
    level: Any = words.get("level")
    if not isinstance(codec, str) or codec not in CODECS:
        raise ProtocolViolation(1008, "a video codec that is not known")
    if type(level) is not int or not 0 <= level < LEVELS:
        raise ProtocolViolation(1008, f"a level of video that is not between 0 and {LEVELS - 1}")
    try:
        return areas.read(words["area"]), codec, level
    except ValueError as error:
        raise ProtocolViolation(1008, str(error)) from None
