"""Bytes between Xvnc and a browser, with each side waiting for the other: nothing piles up in the server's memory."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Optional, Protocol

from tornado.websocket import WebSocketClosedError

from . import session
from .errors import Shortage
from .process import is_stopped
from .runtime import Record

# What lies here for a browser that does not take it, in bytes: one such block, and no more is read from Xvnc.
BLOCK = 1 << 16
# For Xvnc, which may be slower than a browser that sends a large clipboard.
UNREAD_BY_XVNC = 1 << 16
# struct ucred of unix(7): process, user, group.
_CREDENTIALS = struct.Struct("3i")


class Browser(Protocol):
    """What is asked of the websocket."""

    def write_message(self, message: bytes, binary: bool = False) -> asyncio.Future[None]:
        """Send a frame; the future is done when the kernel has taken it."""

    def has_unsent(self) -> bool:
        """Tell whether bytes wait because the browser's connection does not take them."""

    def refuse(self, code: int, reason: str) -> None:
        """Close the connection."""


class DesktopProtocol(asyncio.BufferedProtocol):
    """Carries Xvnc's bytes to the browser, and stops reading while the browser lags behind.

    For as long as it is connected the desktop counts as watched.
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
        """Remember the transport, and that somebody watches; called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=UNREAD_BY_XVNC)
        self._xvnc = _listener(transport.get_extra_info("socket"))
        try:
            self._watching = session.watch(self._record)
        except Shortage as error:
            # Shown and not known to be watched, it would be stopped as unused under its user's eyes.
            self._browser.refuse(1013, str(error))
            transport.abort()
        except OSError:
            # The desktop has just ended; then the connection is about to be lost as well.
            self._watching = None

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """Let go of the desktop, whichever side ended the connection; called by the event loop."""
        if self._watching is not None:
            session.end_use(self._watching)
            self._watching = None
        self._transport = None
        self._takes.set()
        self._browser.refuse(1013, "The desktop has ended.")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where Xvnc's bytes go; called by the event loop."""
        return self._block

    def buffer_updated(self, nbytes: int) -> None:
        """Send the bytes on as one binary message; called by the event loop."""
        try:
            written = self._browser.write_message(bytes(self._block[:nbytes]), binary=True)
        except WebSocketClosedError:
            # The browser has gone; on_close closes Xvnc's side.
            return
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
        """Xvnc does not take any more; called by the event loop."""
        self._takes.clear()

    def resume_writing(self) -> None:
        """Xvnc takes more; called by the event loop."""
        self._takes.set()

    async def send(self, data: bytes) -> None:
        """Send ``data`` to Xvnc, and return when there is room for more."""
        if self._transport is not None:
            self._transport.write(data)
            await self._takes.wait()

    def is_stopped(self) -> bool:
        """Tell whether Xvnc was stopped by a signal; not known of one in another pid namespace."""
        return bool(self._xvnc) and is_stopped(self._xvnc)

    def abort(self) -> None:
        """Drop the connection, with what has not been sent yet."""
        if self._transport is not None:
            self._transport.abort()


def _listener(connection: socket.socket) -> int:
    """Return the process that listens where a unix socket is connected; 0 if it is in another pid namespace."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[0])
