"""The websocket between a browser and Xvnc: jupyter-server-proxy's raw socket mode, with flow control and permissions.

The proxy starts no process: the page has started the desktop over REST before it connects. This module adds what
``RawSocketHandler`` lacks (seen in 4.6.0):

- Flow control: it waits for neither side, so with a slow browser the server's memory would grow by whatever Xvnc sends.
- TCP_NODELAY: it leaves Nagle's algorithm on.
- Activity: it counts each byte from Xvnc as activity of the user.
- Filtering: it inspects no messages, but here each view has permissions (``views.rfb_filter``), and a desktop may have
  several views (``views.viewers``).

Binary frames carry RFB. Text frames carry messages between the page and this server.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from contextlib import suppress
from typing import Any, Optional

from jupyter_server.utils import ensure_async
from jupyter_server_proxy.rawsocket import RawSocketHandler
from tornado import web
from tornado.websocket import WebSocketClosedError

from ..desktop import control, registry
from ..errors import CasaDesktopError, ProtocolViolation, Shortage
from ..runtime.record import Record
from ..system.executor import in_thread
from ..system.unix_sockets import NO_ROOM, ROOM_SECONDS, connected
from ..views.closing import GONE, REFUSED, shortened
from ..views.rfb_filter import Filter
from ..views.viewers import View, Words
from . import audit, metrics
from .error_page import PlainErrors
from .starts import starts
from .state import AUTH_RESOURCE, Reception, reception
from .transport import DesktopProtocol
from .video import VideoView

# How many unsent bytes the kernel buffers for a browser. Everything beyond that waits in Xvnc, where a newer picture
# replaces an older one, instead of in a queue that delays the response to the user's next click.
UNSENT_IN_KERNEL = 1 << 15
LARGEST_FRAME = 1 << 20
# How much of a long frame is parsed in one turn of the event loop: at most 4096 messages, a few milliseconds. Parsing a
# frame of 1 MiB at once would block all other connections for half a second or more.
PIECE = 1 << 14
# Limits for text frames that a browser has not read: above the first the browser must wait, at the second it is closed.
FEW_UNREAD, MOST_UNREAD = 20, 200
# Reverse proxies close connections that are silent for a minute, and a sleeping laptop does not close its connections.
PING_SECONDS = 20
# File descriptors that views leave to Jupyter. Without a free one, its web server cannot even answer: tornado 6.5 then
# retries accept() in an endless loop and logs 60 000 lines a second. With a low limit, half of the descriptors are
# reserved.
RESERVE = 48
RESERVED = "The server has no open files left for views. Close other views, or raise its limit ('ulimit -n')."


class DesktopSocketHandler(PlainErrors, RawSocketHandler):  # type: ignore[misc]
    """``<base>casa-desktop/api/desktops/<name>/rfb``: RFB over a websocket, for users whom Jupyter authorises."""

    auth_resource = AUTH_RESOURCE
    action = "execute"
    protocol_to_xvnc: Optional[DesktopProtocol] = None
    view: Optional[View] = None
    video: Optional[VideoView] = None

    def initialize(self) -> None:
        """Set the attributes that RawSocketHandler expects of a configured proxy; called by tornado."""
        self.name = "casa-desktop"
        self.proxy_base = "casa-desktop"
        self.port = 0
        self.requested_port = 0
        self.mappath: dict[str, str] = {}
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self._unread = 0
        self._last_word: Optional[asyncio.Future[None]] = None

    @property
    def reception(self) -> Reception:
        """This server's state: the desktops and their views."""
        return reception(self.settings)

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorise the request before anything else; called by tornado."""
        await super().prepare(*args, **kwargs)
        allowed = self.authorizer.is_authorized(self, self.current_user, self.action, self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)

    async def http_get(self, name: str) -> None:
        """Refuse plain HTTP: this address accepts websockets only."""
        await self.proxy(0, name)

    async def open(self, name: str) -> None:
        """Connect to the desktop's RFB socket; if there is none, close with a reason. Called by tornado."""
        try:
            record = registry.find(name) or await self._started(name)
        except Shortage as error:
            return self.refuse(GONE, str(error))
        except CasaDesktopError as error:
            return self.refuse(REFUSED, str(error))
        if record is None:
            return self.refuse(GONE, "The desktop is not running.")
        await self.connect(record)

    async def _started(self, name: str) -> Optional[Record]:
        """Return the desktop whose start is under way, once it has started; None if there is no start.

        The page opens this websocket while its desktop starts, which saves it the time that a websocket takes.

        Raises:
            CasaDesktopError: the desktop has not started.
        """
        start = starts(self.settings).under_way(name)
        # The start goes on if this browser leaves.
        return None if start is None else await asyncio.shield(start)

    async def connect(self, record: Record, share: str = "") -> None:
        """Join the desktop's views and relay its bytes; with the share link id ``share``, as a view-only client."""
        if self.ws_connection is None:
            # The browser has gone while the desktop started.
            return None
        if not _has_room():
            return self.refuse(GONE, RESERVED)
        self.record = record
        self.filter = Filter(view_only=bool(share), ways=self.settings["casa_desktop"].ways)
        self._tune()
        try:
            xvnc = await self._reach(record)
        except BlockingIOError:
            return self.refuse(GONE, NO_ROOM)
        except OSError as error:
            # The X server has died. The supervisor starts a new one, unless it was stopped itself; so wake it.
            control.wake(record)
            return self.refuse(GONE, str(Shortage.of(error) or "The desktop does not answer now."))
        if self.ws_connection is None:
            # The browser has closed the connection in the meantime.
            return xvnc.abort()
        self.protocol_to_xvnc = xvnc
        if not self.may_join(record, share):
            return None
        self.view = self.reception.audience.join(record.name, self, share=share)
        self.video = VideoView(self, record, guest=bool(share))
        self._joined = time.monotonic()
        metrics.joined(share)
        audit.write(self, "view", desktop=record.name, share=share)
        self.reception.look_again()

    async def _reach(self, record: Record) -> DesktopProtocol:
        """Connect to Xvnc; wait for room in its listen queue if many views connect at once."""
        until = time.monotonic() + ROOM_SECONDS
        try:
            server = connected(record.rfb_socket, 0)
        except BlockingIOError:
            # One at a time: otherwise these waits would occupy all worker threads.
            async with self.reception.queue:
                server = await in_thread(connected, record.rfb_socket, max(0, until - time.monotonic()))
        server.setblocking(False)
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            lambda: DesktopProtocol(self, record), sock=server
        )
        return protocol

    def may_join(self, record: Record, share: str) -> bool:
        """Return whether one more view may join; if not, refuse it. Called immediately before it joins."""
        return True

    def _tune(self) -> None:
        # A pointer event has only a few bytes; Nagle's algorithm would delay it by a round trip.
        self.set_nodelay(True)
        # If Jupyter listens on a unix socket, this option does not exist.
        with suppress(OSError):
            self._stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL)

    @property
    def _stream(self) -> Any:
        return self.ws_connection.stream

    def has_unsent(self) -> bool:
        """Return whether bytes wait in this process because the browser's connection does not take them."""
        return self.ws_connection is not None and bool(self._stream.writing())

    def get_compression_options(self) -> None:
        """Disable compression: RFB's encodings are already compressed. Called by tornado."""

    @property
    def max_message_size(self) -> int:
        """The longest frame that a browser may send, in bytes; read by tornado."""
        return LARGEST_FRAME

    @property
    def ping_interval(self) -> float:
        """The interval between pings, in seconds; read by tornado."""
        return super().ping_interval or PING_SECONDS

    @property
    def ping_timeout(self) -> float:
        """The time limit for the answer to a ping, in seconds; read by tornado. Jupyter's default, 0, means none."""
        return super().ping_timeout or self.ping_interval

    def on_ping(self, data: bytes) -> None:
        """Ignore pings: they are not activity of the user. Called by tornado."""

    async def on_message(self, message: str | bytes) -> None:
        """Handle a frame from the browser; tornado, which calls this, reads no further frame until it has finished."""
        if self.view is None or self.protocol_to_xvnc is None:
            # The view was refused, and the browser has not received the close frame yet.
            return
        try:
            if isinstance(message, str):
                await self._take_words(self.view, message)
            else:
                await self._take_rfb(self.protocol_to_xvnc, message)
        except ProtocolViolation as error:
            self.refuse(error.code, str(error))

    async def _take_rfb(self, xvnc: DesktopProtocol, data: bytes) -> None:
        await self._take_piece(xvnc, data[:PIECE])
        for start in range(PIECE, len(data), PIECE):
            await asyncio.sleep(0)
            await self._take_piece(xvnc, data[start : start + PIECE])

    async def _take_piece(self, xvnc: DesktopProtocol, data: bytes) -> None:
        metrics.RECEIVED.inc(len(data))
        passed = self.filter.feed(data)
        if passed.by_the_user:
            self._record_activity()
        if passed.refused:
            self.count_refused(passed.refused)
        if passed.data:
            await xvnc.send(passed.data)

    def count_refused(self, number: int) -> None:
        """Count dropped messages, such as resize requests from a view that does not control the desktop's size."""

    async def _take_words(self, view: View, text: str) -> None:
        words = view.receive(text)
        if self.video is not None:
            self.video.hear(words)
        if self._unread > FEW_UNREAD and self._last_word is not None:
            with suppress(WebSocketClosedError):
                await self._last_word

    def tell(self, words: Words) -> None:
        """Send a message to the page; called by the audience."""
        if words["type"] == "audience":
            self.filter.may_resize = words["controls"]
        if words["type"] == "pong" and self.protocol_to_xvnc is not None and self.protocol_to_xvnc.is_stopped():
            # The page asks whether its desktop is alive. If it gets no answer, it reports that the desktop is not.
            return None
        if self._unread >= MOST_UNREAD:
            return self.end(REFUSED, "The browser does not read its messages.")
        with suppress(WebSocketClosedError):
            self._unread += 1
            self._last_word = asyncio.ensure_future(self.write_message(dict(words)))
            self._last_word.add_done_callback(self._on_read)

    def _on_read(self, done: asyncio.Future[None]) -> None:
        self._unread -= 1
        if not done.cancelled():
            done.exception()

    def show(self, words: Words, frame: bytes) -> asyncio.Future[Any]:
        """Send a frame of video: a text frame that describes it, and itself in the next binary one.

        Returns:
            Done when the kernel has taken both.

        Raises:
            WebSocketClosedError: the browser has disconnected.
        """
        # Nothing else can come between the two: both are queued in this turn of the event loop.
        return asyncio.gather(self.write_message(dict(words)), self.write_message(frame, binary=True))

    def end(self, code: int, reason: str) -> None:
        """Close the connection; called by the audience."""
        # Close later: leaving the audience while it iterates over its views would disturb the iteration.
        asyncio.get_running_loop().call_soon(self.refuse, code, reason)

    def rescale(self, ratio: float) -> None:
        """Change the scale of the desktop's windows; called by the audience."""
        self.reception.rescale(self.record, ratio)

    def refuse(self, code: int, reason: str) -> None:
        """Close with a reason, and leave the desktop."""
        self.close(code, shortened(reason))
        self._leave()

    def on_close(self) -> None:
        """Leave the desktop; called by tornado when the connection has closed."""
        self._leave()

    def _leave(self) -> None:
        view, self.view = self.view, None
        protocol, self.protocol_to_xvnc = self.protocol_to_xvnc, None
        video, self.video = self.video, None
        if video is not None:
            video.close()
        if view is not None:
            view.leave()
            metrics.left(view.share)
            seconds = round(time.monotonic() - self._joined, 1)
            audit.write(self, "view-ended", desktop=view.desktop, share=view.share, seconds=seconds)
        if protocol is not None:
            protocol.abort()


def _has_room() -> bool:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit - len(os.listdir("/proc/self/fd")) > min(RESERVE, limit // 2)
