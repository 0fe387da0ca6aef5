"""The websocket between a browser and Xvnc: jupyter-server-proxy's raw socket mode, with flow control and rights.

The proxy starts nothing: the page has started the desktop over REST before it comes here. What is added to
``RawSocketHandler`` is what it lacks (seen in 4.6.0). It waits for neither side, so a slow browser would let the
server's memory grow by whatever Xvnc can send; it leaves Nagle's algorithm on; it takes each byte that Xvnc sends for
activity of the user; and it looks at nothing, while a view here has rights (``rfbstream``) and company (``audience``).

Binary frames carry RFB. Text frames carry the words between the page and this server.
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

from . import session, supervision
from .audience import View, Words
from .errors import CasaDesktopError, ProtocolViolation, Shortage
from .flow import DesktopProtocol
from .plainpage import PlainErrors
from .reception import AUTH_RESOURCE, Reception, reception
from .rfbstream import Filter
from .runtime import Record
from .unixsockets import NO_ROOM, ROOM_SECONDS, connected
from .workers import in_thread

# What the kernel takes for a browser before it can be sent. Everything behind that waits in Xvnc, where a newer picture
# replaces an older one, instead of in a queue that the user's next click has to wait for.
UNSENT_IN_KERNEL = 1 << 15
LARGEST_FRAME = 1 << 20
# Of a long frame so much is read in one turn of the loop: at most 4096 messages, some milliseconds. A frame of 1 MiB
# at once would keep everybody waiting for half a second and more.
PIECE = 1 << 14
# Text frames that a browser has not taken: after a few it has to wait, and after many it is given up.
FEW_UNREAD, MOST_UNREAD = 20, 200
# Reverse proxies close connections that are silent for a minute, and a laptop that sleeps does not say goodbye.
PING_SECONDS = 20
# Descriptors that views leave to Jupyter: without one its web server cannot even answer (tornado 6.5 then tries again
# at once and for ever, with 60 000 lines a second in its log). Where few are allowed at all, it is half of them.
RESERVE = 48
RESERVED = (
    "The server may not open many more files, and keeps those for notebooks. Close other views, or raise 'ulimit -n'."
)


class DesktopSocketHandler(PlainErrors, RawSocketHandler):  # type: ignore[misc]
    """``<base>casa-desktop/api/desktops/<name>/rfb``: RFB over a websocket, for whoever Jupyter lets in."""

    auth_resource = AUTH_RESOURCE
    action = "execute"
    protocol_to_xvnc: Optional[DesktopProtocol] = None
    view: Optional[View] = None

    def initialize(self) -> None:
        """Set what RawSocketHandler expects of a configured proxy; called by tornado."""
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
        """What this server knows of desktops and their views."""
        return reception(self.settings)

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let Jupyter authenticate and authorise before anything else; called by tornado."""
        await super().prepare(*args, **kwargs)
        allowed = self.authorizer.is_authorized(self, self.current_user, self.action, self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)

    async def http_get(self, name: str) -> None:
        """Refuse: this address speaks websocket only."""
        await self.proxy(0, name)

    async def open(self, name: str) -> None:
        """Connect to the desktop's RFB socket; close with a reason when there is none. Called by tornado."""
        try:
            record = session.find(name)
        except Shortage as error:
            return self.refuse(1013, str(error))
        except CasaDesktopError as error:
            return self.refuse(1008, str(error))
        if record is None:
            return self.refuse(1013, "The desktop is not running.")
        await self.connect(record)

    async def connect(self, record: Record, share: str = "") -> None:
        """Join the desktop's audience and carry its bytes; by the link ``share`` only to look."""
        if not _has_room():
            return self.refuse(1013, RESERVED)
        self.record = record
        self.filter = Filter(view_only=bool(share))
        self._tune()
        try:
            xvnc = await self._reach(record)
        except BlockingIOError:
            return self.refuse(1013, NO_ROOM)
        except OSError as error:
            # Its X server has died, and the supervisor, unless that was stopped, brings another one.
            supervision.wake(record)
            return self.refuse(1013, str(Shortage.of(error) or "The desktop is not there just now."))
        if self.ws_connection is None:
            # The browser has gone meanwhile.
            return xvnc.abort()
        self.protocol_to_xvnc = xvnc
        if not self.may_join(record, share):
            return None
        self.view = self.reception.audience.join(record.name, self, share=share)
        self.reception.look_again()

    async def _reach(self, record: Record) -> DesktopProtocol:
        """Connect to Xvnc; wait for room where many views come at once."""
        until = time.monotonic() + ROOM_SECONDS
        try:
            server = connected(record.rfb_socket, 0)
        except BlockingIOError:
            # One by one, or they would take all threads from other work.
            async with self.reception.queue:
                server = await in_thread(connected, record.rfb_socket, max(0, until - time.monotonic()))
        server.setblocking(False)
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            lambda: DesktopProtocol(self, record), sock=server
        )
        return protocol

    def may_join(self, record: Record, share: str) -> bool:
        """Tell whether there is room in the audience, or refuse the view; asked at the very moment of its coming."""
        return True

    def _tune(self) -> None:
        # A pointer event is a few bytes; Nagle's algorithm would hold it back for a round trip.
        self.set_nodelay(True)
        # A unix socket of Jupyter's has no such option.
        with suppress(OSError):
            self._stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL)

    @property
    def _stream(self) -> Any:
        return self.ws_connection.stream

    def has_unsent(self) -> bool:
        """Tell whether bytes wait here because the browser's connection does not take them."""
        return self.ws_connection is not None and bool(self._stream.writing())

    def get_compression_options(self) -> None:
        """Say no: RFB's encodings are compressed already. Called by tornado."""

    @property
    def max_message_size(self) -> int:
        """The longest frame that a browser may send, in bytes; asked by tornado."""
        return LARGEST_FRAME

    @property
    def ping_interval(self) -> float:
        """Every so many seconds the browser must show that it is there; asked by tornado."""
        return super().ping_interval or PING_SECONDS

    @property
    def ping_timeout(self) -> float:
        """And within so many; asked by tornado. Jupyter's own setting is 0 unless set, which stands for never."""
        return super().ping_timeout or self.ping_interval

    def on_ping(self, data: bytes) -> None:
        """Take no note: it is no activity of the user's. Called by tornado."""

    async def on_message(self, message: str | bytes) -> None:
        """Take what the browser sends; tornado, which calls it, reads no more until it is done."""
        if self.view is None or self.protocol_to_xvnc is None:
            # It has been refused, and does not know yet.
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
        passed = self.filter.feed(data)
        if passed.by_the_user:
            self._record_activity()
        if passed.refused:
            self.count_refused(passed.refused)
        if passed.data:
            await xvnc.send(passed.data)

    def count_refused(self, number: int) -> None:
        """Take note of messages that did not go on: an owner's, when another view controls the desktop's size."""

    async def _take_words(self, view: View, text: str) -> None:
        view.receive(text)
        if self._unread > FEW_UNREAD and self._last_word is not None:
            with suppress(WebSocketClosedError):
                await self._last_word

    def tell(self, words: Words) -> None:
        """Send words to the page; called by the audience."""
        if words["type"] == "audience":
            self.filter.may_resize = words["controls"]
        if words["type"] == "pong" and self.protocol_to_xvnc is not None and self.protocol_to_xvnc.is_stopped():
            # The page asks whether its desktop is there. Without an answer it says that it is not.
            return None
        if self._unread >= MOST_UNREAD:
            return self.end(1008, "The browser does not read what it is told.")
        with suppress(WebSocketClosedError):
            self._unread += 1
            self._last_word = asyncio.ensure_future(self.write_message(dict(words)))
            self._last_word.add_done_callback(self._on_read)

    def _on_read(self, done: asyncio.Future[None]) -> None:
        self._unread -= 1
        if not done.cancelled():
            done.exception()

    def end(self, code: int, reason: str) -> None:
        """Close the connection; called by the audience."""
        # Not at once: leaving the audience while it is going through its views would confuse it.
        asyncio.get_running_loop().call_soon(self.refuse, code, reason)

    def rescale(self, ratio: float) -> None:
        """Draw the desktop's windows larger; called by the audience."""
        self.reception.rescale(self.record, ratio)

    def refuse(self, code: int, reason: str) -> None:
        """Close with a reason, cut to the 123 bytes that a close frame can carry: RFC 6455, section 5.5."""
        self.close(code, reason.encode()[:123].decode(errors="ignore"))
        self._leave()

    def on_close(self) -> None:
        """Let go of the desktop; called by tornado when the connection has gone."""
        self._leave()

    def _leave(self) -> None:
        view, self.view = self.view, None
        protocol, self.protocol_to_xvnc = self.protocol_to_xvnc, None
        if view is not None:
            view.leave()
        if protocol is not None:
            protocol.abort()


def _has_room() -> bool:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit - len(os.listdir("/proc/self/fd")) > min(RESERVE, limit // 2)
