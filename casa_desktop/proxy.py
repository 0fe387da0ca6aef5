"""The websocket between the page and Xvnc: jupyter-server-proxy's raw socket mode, with flow control.

The proxy starts nothing: the page has started the desktop over REST before it comes here. What is added to
``RawSocketHandler`` is what it lacks (seen in 4.6.0): it awaits no ``write_message``, so a slow browser would let the
server's memory grow by whatever Xvnc can send; and it leaves Nagle's algorithm on.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any, Optional

from jupyter_server.auth.decorator import authorized
from jupyter_server_proxy.rawsocket import RawSocketHandler, RawSocketProtocol
from tornado import web
from tornado.websocket import WebSocketClosedError

from . import session
from .errors import CasaDesktopError
from .runtime import Record

# Xvnc may be this far ahead of the browser, in bytes, before it is not read from any more; and reading goes on when
# so little is left. A full frame of 1600x900 in Tight encoding is below a megabyte.
MOST_UNSENT = 1 << 20
FEW_UNSENT = 1 << 18


class FlowControlledProtocol(RawSocketProtocol):  # type: ignore[misc]
    """Carries Xvnc's bytes to the browser, and stops reading while the browser lags behind.

    For as long as it is connected the desktop counts as watched.
    """

    def __init__(self, handler: DesktopSocketHandler, record: Record) -> None:
        super().__init__(handler)
        self._record = record
        self._transport: Optional[asyncio.ReadTransport] = None
        self._watching: Optional[int] = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport, and that somebody watches; called by the event loop."""
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport
        # The desktop may just have ended; then the connection is about to be lost as well.
        with suppress(OSError):
            self._watching = session.watch(self._record)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """Let go of the desktop, whichever side ended the connection; called by the event loop."""
        if self._watching is not None:
            os.close(self._watching)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Send ``data`` on as one binary message; called by the event loop."""
        self.handler._record_activity()
        try:
            written = self.handler.write_message(data, binary=True)
        except WebSocketClosedError:
            # The browser has gone; on_close closes Xvnc's side.
            return
        self._unsent += len(data)
        if self._unsent > MOST_UNSENT and self._transport is not None:
            self._transport.pause_reading()
        task = asyncio.ensure_future(written)
        task.add_done_callback(lambda done: self._on_written(len(data), done))

    def _on_written(self, size: int, done: asyncio.Future[None]) -> None:
        self._unsent -= size
        if done.cancelled() or done.exception() is not None or self._transport is None:
            return
        if self._unsent < FEW_UNSENT and not self._transport.is_closing():
            self._transport.resume_reading()


class DesktopSocketHandler(RawSocketHandler):  # type: ignore[misc]
    """``<base>casa-desktop/api/desktops/<name>/rfb``: RFB over a websocket, for whoever Jupyter lets in."""

    auth_resource = "casa-desktop"

    def initialize(self) -> None:
        """Set what RawSocketHandler expects of a configured proxy; called by tornado."""
        self.name = "casa-desktop"
        self.proxy_base = "casa-desktop"
        self.port = 0
        self.requested_port = 0
        self.mappath: dict[str, str] = {}
        self.command: list[str] = []
        self.environment: dict[str, str] = {}

    @authorized
    async def http_get(self, name: str) -> None:
        """Refuse: this address speaks websocket only."""
        await self.proxy(0, name)

    async def open(self, name: str) -> None:
        """Connect to the desktop's RFB socket; close with a reason when there is none. Called by tornado."""
        try:
            record = session.find(name)
        except CasaDesktopError as error:
            return self._refuse(1008, str(error))
        if record is None:
            return self._refuse(1013, "The desktop is not running.")
        self.unix_socket = record.rfb_socket
        # A pointer event is a few bytes; Nagle's algorithm would hold it back for a round trip.
        self.set_nodelay(True)
        loop = asyncio.get_running_loop()
        try:
            transport, protocol = await loop.create_unix_connection(
                lambda: FlowControlledProtocol(self, record), record.rfb_socket
            )
        except OSError:
            return self._refuse(1013, "The desktop has just ended.")
        self.ws_transp, self.ws_proto = transport, protocol
        self._record_activity()

    def _refuse(self, code: int, reason: str) -> None:
        """Close with a reason, cut to the 123 bytes that a close frame can carry: RFC 6455, section 5.5."""
        self.close(code, reason.encode()[:123].decode(errors="ignore"))

    def get_compression_options(self) -> None:
        """Say no: RFB's encodings are compressed already. Called by tornado."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let Jupyter authenticate and authorise before anything else; called by tornado."""
        await super().prepare(*args, **kwargs)
        allowed = self.authorizer.is_authorized(self, self.current_user, "execute", self.auth_resource)
        if not allowed:
            raise web.HTTPError(403)

    def on_message(self, message: str | bytes) -> None:
        """Send the browser's bytes to Xvnc; called by tornado."""
        if not hasattr(self, "ws_transp"):
            # The browser may speak before we are connected only if it does not speak RFB: the server greets first.
            return self._refuse(1002, "RFB's server speaks first.")
        super().on_message(message)
