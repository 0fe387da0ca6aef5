"""The server for one desktop without Jupyter: websockify's, on loopback, where all local users can connect."""

from __future__ import annotations

import secrets
import sys
import time
from typing import Any, Callable

from websockify.websocketproxy import LibProxyServer

from ..runtime.settings import Settings
from ..views.link_watch import LinkWatch
from ..views.models import Models
from ..views.viewers import Audience
from .access import Gate, Site
from .pending_connections import Strangers

BASE = "/casa-desktop/"
ON_LOOPBACK = Site(
    proxied=False,
    same_user=False,
    entrance="Open the link that 'casa-desktop serve' printed.",
    renewal="'casa-desktop serve' prints a new one after each use.",
    remedy="'casa-desktop serve' shows this page. If it has ended, start it again and open its new link. The desktop "
    "goes on.",
)
_PAUSE_SECONDS = 0.1


class Server(LibProxyServer):  # type: ignore[misc]
    """Serves one desktop.

    Attributes:
        name: the desktop's name.
        settings: the settings with which it is started, if necessary.
        site: where browsers find this server.
        models: the models of its desktop.
        gate: the access control.
        audience: the desktop's views.
        link_watch: sends links to the views.
        strangers: the connections that have not shown a valid cookie yet.
        used: called when a one-time link has been used.

    Args:
        handler: the request handler class (``web.standalone``).
        port: the port to listen on; 0 for any free port.
        used: see above.
        site: see above.

    Raises:
        OSError: the port is in use.
    """

    # Threads of connections must not keep the process alive.
    daemon_threads = True
    # The listen backlog. With the default, 5, a few fast clients could keep all others out.
    request_queue_size = 128

    def __init__(
        self,
        handler: type,
        name: str,
        settings: Settings,
        port: int,
        used: Callable[[], None],
        site: Site = ON_LOOPBACK,
    ) -> None:
        self.name, self.settings, self.used, self.site = name, settings, used, site
        # Behind a proxy, the page completes addresses by its own.
        self.models = Models("" if site.proxied else "/", server=secrets.token_hex(8))
        self.gate, self.audience, self.strangers = Gate(site), Audience(), Strangers()
        self.link_watch = LinkWatch(self.audience)
        super().__init__(handler, listen_host="127.0.0.1", listen_port=port)
        # Without a folder to serve, websockify refuses all requests that are not websockets.
        self.only_upgrade = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def get_request(self) -> Any:
        """Accept a connection; called by the standard library, which ignores an OSError."""
        try:
            return super().get_request()
        except OSError:
            # No file descriptor is free, and the connection is still waiting. Without a pause, accept() would be
            # retried in an endless loop. Closing a pending connection frees a descriptor shortly.
            self.strangers.put_out_the_oldest()
            time.sleep(_PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own; called by the standard library."""
        self.strangers.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection; called by the standard library when its thread has finished."""
        self.strangers.discard(request)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close pending connections that take too long; called by the standard library, twice a second."""
        self.strangers.put_out_the_late()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors, except for broken connections; called by the standard library."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def link(self) -> str:
        """Return the one-time link for the next browser."""
        return f"http://127.0.0.1:{self.port}{BASE}?token={self.gate.token}"
