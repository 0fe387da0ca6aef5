"""Relays one view of a desktop between Xvnc and a channel of the kernel's: bounded in both directions.

The other end may be a browser that has gone without a word, because nothing tells a kernel which pages show its
notebook. So each end has to be heard from now and then.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import Callable, Iterator, Tuple

from casa_desktop.desktop import usage
from casa_desktop.errors import RuntimeDirectoryError, Shortage
from casa_desktop.runtime.record import Record
from casa_desktop.system import descriptors, threads
from casa_desktop.system.unix_sockets import NO_ROOM, ROOM_SECONDS, connected

# How many bytes may be under way to the browser. What is more waits in Xvnc, where newer pictures replace older ones.
WINDOW = 1 << 18
# Of one message. Pieces of many messages would be in the way of the cell's own output.
_PIECE = 1 << 16
# A large clipboard may wait for Xvnc, and not more.
MOST_UNSENT = 1 << 21
# A page says three times a minute that it is there; browsers let hidden pages do so once a minute.
SILENCE_SECONDS = 150.0
# The codes of RFC 6455, section 7.4.1, by which the page knows what to do.
ENDED, GONE, REFUSED = 1000, 1013, 1008
# A cell that runs Python's own code lets another thread run after so many seconds; by default, after ten times as many.
# One click needs a dozen such turns.
_TURN_SECONDS = 0.0005


class ViewRelay:
    """One view of a desktop; a thread of its own relays its bytes from ``start`` on.

    Args:
        record: the desktop.
        send: sends bytes to the browser. Called in the relay's thread.
        opened: called there once there is a connection to the desktop.
        ended: called there at the end, with a code of RFC 6455 and the reason.
    """

    def __init__(
        self,
        record: Record,
        send: Callable[[bytes], None],
        opened: Callable[[], None],
        ended: Callable[[int, str], None],
    ) -> None:
        self._record, self._send, self._opened, self._ended = record, send, opened, ended
        self._lock = threading.Lock()
        self._unsent, self._untaken, self._heard = bytearray(), 0, time.monotonic()
        self._closing = self._over = False
        self._woken, self._wake = os.pipe()

    def start(self) -> None:
        """Begin.

        Raises:
            RuntimeError: no further thread can be started.
        """
        threads.start(self._run)

    # What the browser has sent; any thread may call these.

    def put(self, data: bytes) -> None:
        """Send bytes to Xvnc."""
        with self._told():
            self._unsent += data

    def take(self, number: int) -> None:
        """Note that the browser has taken so many bytes."""
        with self._told():
            self._untaken = max(0, self._untaken - number)

    def hear(self) -> None:
        """Note that the browser is there."""
        with self._told():
            pass

    def close(self) -> None:
        """End the view."""
        with self._told():
            self._closing = True

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._lock:
            self._heard = time.monotonic()
            yield
            if not self._over:
                os.write(self._wake, b"\0")

    def _run(self) -> None:
        code, reason = GONE, "The desktop has ended."
        try:
            code, reason = self._view()
        except BlockingIOError:
            reason = NO_ROOM
        except (Shortage, RuntimeDirectoryError) as error:
            reason = str(error)
        except OSError:
            pass
        finally:
            with self._lock:
                self._over = True
                os.close(self._woken)
                os.close(self._wake)
            self._ended(code, reason)

    def _view(self) -> Tuple[int, str]:
        watching = usage.watch(self._record)
        try:
            with connected(self._record.rfb_socket, ROOM_SECONDS) as xvnc, _short_turns():
                xvnc.setblocking(False)
                self._opened()
                try:
                    return self._carry(xvnc)
                finally:
                    # A process that a cell has forked meanwhile holds the connection, too.
                    with suppress(OSError):
                        xvnc.shutdown(socket.SHUT_RDWR)
        finally:
            usage.end_use(watching)

    def _carry(self, xvnc: socket.socket) -> Tuple[int, str]:
        """Relay bytes until one of the two ends; return the code and the reason."""
        while True:
            with self._lock:
                room, unsent, closing = WINDOW - self._untaken, len(self._unsent), self._closing
                left = self._heard + SILENCE_SECONDS - time.monotonic()
            if closing:
                return ENDED, ""
            if left <= 0:
                return GONE, "The browser was not heard from for minutes."
            if unsent > MOST_UNSENT:
                return REFUSED, "The desktop does not take what the browser sends."
            sources = [self._woken, xvnc] if room > 0 else [self._woken]
            ready, writable = descriptors.ready(sources, [xvnc] if unsent else [], left)
            if self._woken in ready:
                os.read(self._woken, 4096)
            if writable:
                self._write(xvnc)
            if xvnc in ready:
                data = xvnc.recv(min(room, _PIECE))
                if not data:
                    return GONE, "The desktop has ended."
                with self._lock:
                    self._untaken += len(data)
                self._send(data)

    def _write(self, xvnc: socket.socket) -> None:
        with self._lock:
            del self._unsent[: xvnc.send(self._unsent)]


_turns = threading.Lock()
_views = 0
_former = 0.0


@contextmanager
def _short_turns() -> Iterator[None]:
    """Have Python's threads take shorter turns while there is a view."""
    global _views, _former
    with _turns:
        if not _views:
            _former = sys.getswitchinterval()
            sys.setswitchinterval(min(_former, _TURN_SECONDS))
        _views += 1
    try:
        yield
    finally:
        with _turns:
            _views -= 1
            if not _views:
                sys.setswitchinterval(_former)
