"""The server of one desktop without Jupyter: websockify's, on loopback, where every user of the machine may knock."""

from __future__ import annotations

import secrets
import sys
import time
from typing import Any, Callable

from websockify.websocketproxy import LibProxyServer

from .audience import Audience
from .commands import Settings
from .gate import Gate
from .linkwatch import LinkWatch
from .strangers import Strangers

BASE = "/casa-desktop/"
_PAUSE_SECONDS = 0.1


class Server(LibProxyServer):  # type: ignore[misc]
    """Serves one desktop.

    Attributes:
        name: the desktop's name.
        settings: choices for it, if it must be started.
        gate: who may see it.
        audience: who sees it.
        link_watch: what tells them of links.
        strangers: connections that have not shown a cookie yet.
        used: called when a link has been used.

    Args:
        handler: what answers a connection (``webpage``).
        port: where to listen; 0 for any free port.

    Raises:
        OSError: the port is taken.
    """

    # Connections end with the process, whatever their threads are about.
    daemon_threads = True
    # How many may wait to be accepted; 5 unless told otherwise, so that a few who hurry would keep the others out.
    request_queue_size = 128

    def __init__(self, handler: type, name: str, settings: Settings, port: int, used: Callable[[], None]) -> None:
        self.name, self.settings, self.used = name, settings, used
        self.id = secrets.token_hex(8)
        self.gate, self.audience, self.strangers = Gate(), Audience(), Strangers()
        self.link_watch = LinkWatch(self.audience)
        super().__init__(handler, listen_host="127.0.0.1", listen_port=port)
        # websockify refuses whatever is no websocket where it is given no folder to serve.
        self.only_upgrade = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def get_request(self) -> Any:
        """Accept a connection; called by the standard library, which passes over an OSError."""
        try:
            return super().get_request()
        except OSError:
            # No descriptor is left, and the connection still waits: without a pause it would be tried at once again,
            # and again. A stranger's descriptor is free in a moment.
            self.strangers.put_out_the_oldest()
            time.sleep(_PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own; called by the standard library."""
        self.strangers.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection; called by the standard library when its thread has done."""
        self.strangers.discard(request)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Put out those who take too long; called by the standard library, twice a second."""
        self.strangers.put_out_the_late()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a connection that has broken; called by the standard library."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def link(self) -> str:
        """Return the address that lets one browser in."""
        return f"http://127.0.0.1:{self.port}{BASE}?token={self.gate.token}"
