"""Relays bytes between Xvnc and a browser, with flow control: nothing piles up in the server's memory."""

from __future__ import annotations

import asyncio
from typing import Optional, Protocol

from tornado.websocket import WebSocketClosedError

from ..desktop import usage
from ..errors import RuntimeDirectoryError, Shortage
from ..runtime.record import Record
from ..system.process import is_stopped
from ..system.unix_sockets import peer
from ..views.closing import GONE
from . import metrics

# Bytes buffered here for a slow browser: one block of this size, then reading from Xvnc pauses.
BLOCK = 1 << 16
# Bytes buffered for Xvnc, which may be slower than a browser that sends a large clipboard.
UNREAD_BY_XVNC = 1 << 16


class Browser(Protocol):
    """The methods of the websocket that are used here."""

    def write_message(self, message: bytes, binary: bool = False) -> asyncio.Future[None]:
        """Send a frame; the future is done when the kernel has taken it."""

    def has_unsent(self) -> bool:
        """Return whether bytes wait because the browser's connection does not take them."""

    def refuse(self, code: int, reason: str) -> None:
        """Close the connection."""


class DesktopProtocol(asyncio.BufferedProtocol):
    """Forwards Xvnc's bytes to the browser, and pauses reading while the browser is behind.

    While it is connected, the desktop counts as watched.
    """

    def __init__(self, browser: Browser, record: Record) -> None:
        self._browser, self._record = browser, record
        self._block = memoryview(bytearray(BLOCK))
        self._transport: Optional[asyncio.Transport] = None
        self._watching: Optional[int] = None
        self._xvnc = 0
        self._unwritten = 0
        self._takes = asyncio.Event()
        self._takes.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport and mark the desktop as watched; called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=UNREAD_BY_XVNC)
        self._xvnc = peer(transport.get_extra_info("socket"))
        try:
            self._watching = usage.watch(self._record)
        except (Shortage, RuntimeDirectoryError) as error:
            # Without the mark the desktop would count as unused, and be stopped while its user looks at it.
            self._browser.refuse(GONE, str(error))
            transport.abort()
        except OSError:
            # The desktop has just ended, so this connection is about to be lost, too.
            self._watching = None

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """Clear the watched mark and close the browser's side; called by the event loop."""
        if self._watching is not None:
            usage.end_use(self._watching)
            self._watching = None
        self._transport = None
        self._takes.set()
        self._browser.refuse(GONE, "The desktop has ended.")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for Xvnc's bytes; called by the event loop."""
        return self._block

    def buffer_updated(self, nbytes: int) -> None:
        """Forward the bytes as one binary message; called by the event loop."""
        try:
            written = self._browser.write_message(bytes(self._block[:nbytes]), binary=True)
        except WebSocketClosedError:
            # The browser has disconnected; on_close closes Xvnc's side.
            return
        metrics.SENT.inc(nbytes)
        self._unwritten += 1
        written.add_done_callback(self._on_written)
        if self._browser.has_unsent() and self._transport is not None:
            self._transport.pause_reading()

    def _on_written(self, done: asyncio.Future[None]) -> None:
        self._unwritten -= 1
        failed = done.cancelled() or done.exception() is not None
        if failed or self._unwritten or self._transport is None or self._transport.is_closing():
            return
        self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Make senders wait: Xvnc takes no more bytes. Called by the event loop."""
        self._takes.clear()

    def resume_writing(self) -> None:
        """Let senders continue: Xvnc takes bytes again. Called by the event loop."""
        self._takes.set()

    async def send(self, data: bytes) -> None:
        """Send ``data`` to Xvnc, and return when there is room for more."""
        if self._transport is not None:
            self._transport.write(data)
            await self._takes.wait()

    def is_stopped(self) -> bool:
        """Return whether Xvnc was stopped by a signal; always False for an Xvnc in another PID namespace."""
        return bool(self._xvnc) and is_stopped(self._xvnc)

    def abort(self) -> None:
        """Close the connection at once, without sending what is still buffered."""
        if self._transport is not None:
            self._transport.abort()
