"""Relays between one view's websocket and Xvnc's socket, for ``serve``, with one thread per view.

The websocket is websockify's. That supports no text frames (seen in 0.13: it closes the connection with 1003); here
they carry the messages of ``views.viewers``.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import Any, Deque, List, Optional, Tuple

from websockify.websocket import WebSocketWantReadError, WebSocketWantWriteError
from websockify.websockifyserver import CompatibleWebSocket

from ..desktop import scaling, usage
from ..errors import CasaDesktopError, ProtocolViolation, RuntimeDirectoryError, Shortage
from ..runtime.record import Record
from ..system import descriptors, threads
from ..system.unix_sockets import NO_ROOM, ROOM_SECONDS, connected
from ..video import wire
from ..video.process import EncoderProcess
from ..video.session import Session
from ..views.closing import GONE, shortened
from ..views.link_watch import LinkWatch
from ..views.rfb_filter import Filter
from ..views.viewers import Audience, Words

_TEXT, _BINARY = 0x1, 0x2
# Xvnc's bytes are read in pieces of this size, each only after the browser has taken the one before.
_PIECE = 1 << 16
# Scale one desktop at a time.
_scaling = threading.Lock()


class ViewSocket(CompatibleWebSocket):  # type: ignore[misc]
    """A websocket that collects text frames separately and shows how many bytes are unsent.

    Attributes:
        texts: the text frames that have arrived.
    """

    def __init__(self, handler: Any) -> None:
        super().__init__(handler)
        self.texts: List[bytes] = []
        self._recv_queue: List[Any] = []

    @property
    def unsent(self) -> int:
        """The number of bytes that the browser has not taken yet."""
        return len(self._send_buffer)

    def put(self, data: bytes, opcode: int = _BINARY) -> None:
        """Send a frame; what the browser does not take now stays in the buffer until ``flush``."""
        with suppress(WebSocketWantWriteError):
            self._sendmsg(opcode, data)

    def flush(self) -> None:
        """Send as much of the buffer as the browser takes."""
        with suppress(WebSocketWantWriteError):
            self._flush()

    def take(self) -> Tuple[List[bytes], bool]:
        """Return the binary frames that have arrived, and whether the browser has closed."""
        frames: List[bytes] = []
        while True:
            try:
                frame = self.recvmsg()
            except WebSocketWantReadError:
                return frames, False
            if frame is None:
                return frames, True
            frames.append(frame)
            if not self.pending():
                return frames, False

    def _recv_frames(self) -> bool:
        alive = bool(super()._recv_frames())
        # Text in several fragments, which no page sends, stays in the queue; websockify refuses it.
        queue: List[Any] = self._recv_queue
        self.texts += [each["payload"] for each in queue if _is_text(each)]
        self._recv_queue = [each for each in queue if not _is_text(each)]
        return alive


def _is_text(frame: Any) -> bool:
    return bool(frame["opcode"] == _TEXT and frame["fin"] and frame["masked"])


class _Video:
    """The video of one view (``video.session.Host``), in the thread that relays its bytes.

    Attributes:
        session: what is asked for.
        encoder: its encoder, if there is one.
    """

    def __init__(self, view: ViewSocket, record: Record) -> None:
        self._view, self._record = view, record
        self._messages = wire.Messages()
        self.session = Session(self)
        self.encoder: Optional[EncoderProcess] = None

    @property
    def sources(self) -> List[socket.socket]:
        """What there is to read."""
        return [] if self.encoder is None else [self.encoder.connection]

    def read(self) -> None:
        """Pass on what the encoder has written."""
        assert self.encoder is not None
        try:
            data = self.encoder.connection.recv(_PIECE)
        except ConnectionError:
            data = b""
        if not data:
            self.end_encoder()
            return self.session.ended()
        for head, frame in self._messages.feed(data):
            self.session.take(head, frame)

    def tell(self, words: Words) -> None:
        """See ``Host``."""
        self._view.put(json.dumps(words).encode(), _TEXT)

    def show(self, words: Words, frame: bytes) -> None:
        """See ``Host``."""
        self.tell(words)
        self._view.put(frame)

    def start_encoder(self) -> bool:
        """See ``Host``."""
        self._messages = wire.Messages()
        self.encoder = EncoderProcess.start(self._record.display, self._record.xauthority)
        return self.encoder is not None

    def say(self, line: bytes) -> None:
        """See ``Host``."""
        if self.encoder is not None:
            self.encoder.say(line)

    def end_encoder(self) -> None:
        """See ``Host``."""
        encoder, self.encoder = self.encoder, None
        if encoder is not None:
            encoder.end()


class Relay:
    """Relays one view's bytes until either side ends. It is the view's connection (``views.viewers.Viewer``).

    Args:
        view: the websocket, open.
        record: the record of the desktop.
        audience: the views of the desktop.
        link_watch: the watch for links, shared by all views.
    """

    def __init__(self, view: ViewSocket, record: Record, audience: Audience, link_watch: LinkWatch) -> None:
        self._view, self._record, self._link_watch = view, record, link_watch
        self._filter = Filter(view_only=False)
        self._video = _Video(view, record)
        # Messages from other threads to the view, and the pipe by which they wake this one.
        self._words: Deque[bytes] = deque()
        self._ending: List[Tuple[int, str]] = []
        self._woken, self._wake = os.pipe()
        self._place = audience.join(record.name, self)

    def tell(self, words: Words) -> None:
        """See ``views.viewers.Viewer``."""
        self._words.append(json.dumps(words).encode())
        os.write(self._wake, b"\0")

    def end(self, code: int, reason: str) -> None:
        """See ``views.viewers.Viewer``."""
        self._ending.append((code, reason))
        os.write(self._wake, b"\0")

    def rescale(self, ratio: float) -> None:
        """See ``views.viewers.Viewer``."""
        threads.start(_set_scale, self._record, ratio)

    def run(self) -> None:
        """Relay bytes until the browser or the desktop disconnects."""
        try:
            watching = usage.watch(self._record)
        except (Shortage, RuntimeDirectoryError) as error:
            return self._leave(GONE, str(error))
        except OSError:
            return self._leave(GONE, "The desktop has just ended.")
        try:
            with connected(self._record.rfb_socket, ROOM_SECONDS) as server:
                self._link_watch.attend(self._record)
                self._carry(server)
        except ProtocolViolation as error:
            self._leave(error.code, str(error))
        except BlockingIOError:
            self._leave(GONE, NO_ROOM)
        except OSError:
            self._leave(GONE, "The desktop has ended.")
        else:
            self._leave(*(self._ending or [(1000, "")])[0])
        finally:
            self._video.session.close()
            usage.end_use(watching)

    def _leave(self, code: int, reason: str) -> None:
        self._place.leave()
        os.close(self._woken)
        os.close(self._wake)
        if self._view.socket is not None:
            self._view.shutdown(socket.SHUT_RDWR, code, shortened(reason))

    def _carry(self, server: socket.socket) -> None:
        view: Any = self._view
        while not self._ending:
            # While the browser has unsent bytes, don't read from Xvnc and the encoder, which then slow down.
            encoder = self._video.sources
            readers = [self._woken, view, *([] if view.unsent else [server, *encoder])]
            ready, writable = descriptors.ready(readers, [view] if view.unsent else [])
            if view in writable:
                view.flush()
            if self._woken in ready:
                self._tell_view()
            if server in ready:
                data = server.recv(_PIECE)
                if not data:
                    raise ConnectionResetError
                view.put(data)
            if encoder and encoder[0] in ready:
                self._video.read()
            if view in ready and not self._hear_view(server):
                return

    def _tell_view(self) -> None:
        os.read(self._woken, 4096)
        while self._words:
            self._view.put(self._words.popleft(), _TEXT)

    def _hear_view(self, server: socket.socket) -> bool:
        """Handle what the browser has sent; return False if it has closed."""
        frames, closed = self._view.take()
        while self._view.texts:
            words = self._place.receive(self._view.texts.pop(0).decode(errors="replace"))
            self._video.session.hear(words)
        for frame in frames:
            self._filter.may_resize = self._place.controls
            server.sendall(self._filter.feed(frame).data)
        return not closed


def _set_scale(record: Record, ratio: float) -> None:
    # The desktop may just have ended.
    with _scaling, suppress(CasaDesktopError):
        scaling.set_scale(record, ratio)
