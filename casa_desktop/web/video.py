"""Video beside RFB on a view's websocket, in an event loop; see ``video.session``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, Optional, Protocol

from tornado.websocket import WebSocketClosedError

from ..runtime.record import Record
from ..video import wire
from ..video.process import EncoderProcess
from ..video.session import Session
from ..views.viewers import Words
from . import metrics

_PIECE = 1 << 16


class Viewer(Protocol):
    """The methods of the websocket that are used here."""

    def tell(self, words: Words) -> None:
        """Send a message to the page."""

    def show(self, words: Words, frame: bytes) -> asyncio.Future[Any]:
        """Send a frame of video with its description; the future is done when the kernel has taken both."""


class VideoView:
    """The video of one view (``video.session.Host``).

    Args:
        viewer: the view's connection.
        record: the desktop.
        guest: whether it is a guest's, whose video gives way to the owner's.
    """

    def __init__(self, viewer: Viewer, record: Record, *, guest: bool) -> None:
        self._viewer, self._record, self._guest = viewer, record, guest
        self._session = Session(self)
        self._encoder: Optional[EncoderProcess] = None
        self._task: Optional[asyncio.Task[None]] = None
        self._taken: Optional[asyncio.Future[Any]] = None

    def hear(self, words: Words) -> None:
        """Handle a message of the page; see ``Session.hear``."""
        self._session.hear(words)

    def close(self) -> None:
        """End the encoder."""
        self._session.close()

    def tell(self, words: Words) -> None:
        """See ``Host``."""
        self._viewer.tell(words)

    def show(self, words: Words, frame: bytes) -> None:
        """See ``Host``."""
        self._taken = self._viewer.show(words, frame)
        metrics.SENT.inc(len(frame))

    def start_encoder(self) -> bool:
        """See ``Host``."""
        self._encoder = EncoderProcess.start(self._record.display, self._record.xauthority, guest=self._guest)
        if self._encoder is None:
            return False
        self._task = asyncio.get_running_loop().create_task(self._relay(self._encoder))
        self._task.add_done_callback(partial(self._finish, self._encoder))
        return True

    def say(self, line: bytes) -> None:
        """See ``Host``."""
        if self._encoder is not None:
            self._encoder.say(line)

    def end_encoder(self) -> None:
        """See ``Host``."""
        self._encoder = None
        if self._task is not None:
            self._task.cancel()

    async def _relay(self, encoder: EncoderProcess) -> None:
        loop, messages = asyncio.get_running_loop(), wire.Messages()
        # When the encoder or the browser goes, the view goes on without video.
        with suppress(OSError, WebSocketClosedError):
            while data := await loop.sock_recv(encoder.connection, _PIECE):
                for head, frame in messages.feed(data):
                    self._session.take(head, frame)
                    await self._drain()

    async def _drain(self) -> None:
        """Wait until the browser has taken the frame: one that does not read makes the encoder wait."""
        taken, self._taken = self._taken, None
        if taken is not None:
            await taken

    def _finish(self, encoder: EncoderProcess, _: asyncio.Task[None]) -> None:
        # Called in any case, and after the event loop has let go of the connection: its descriptor's number may soon be
        # another's.
        encoder.end()
        if self._encoder is encoder:
            self._encoder = None
            self._session.ended()
