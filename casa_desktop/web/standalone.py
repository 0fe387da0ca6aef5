"""The page, the REST interface and the websocket of one desktop, without Jupyter; ``web.page_server`` listens.

The addresses and answers are those of the Jupyter handlers (``web.rest``, ``views.models``), for the one desktop that
is served.
"""

from __future__ import annotations

import json
import os
import re
import socket
from http import HTTPStatus
from typing import Any, Callable, Dict, Mapping, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

from websockify.websockifyserver import WebSockifyRequestHandler

from ..desktop import lifecycle, registry
from ..errors import CasaDesktopError, NotRunning
from ..system import tcp_users
from ..views import models
from ..views import page as template
from ..views.closing import GONE
from ..views.page import PAGE_FOLDER
from .error_page import error_page
from .page_server import BASE, Server
from .relay import Relay, ViewSocket

_API = BASE + "api/desktops"
_MOST_BODY = 10_000
_LENGTH = re.compile(r"[0-9]{1,9}")
_TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# The page redirects itself; the server must not. After a link from another site, a browser would not send a cookie with
# SameSite=Strict along with an HTTP redirect.
_WELCOME = """\
<!doctype html><meta charset="utf-8"><title>CASA Desktop</title>
<meta http-equiv="refresh" content="0; url=./"><p><a href="./">CASA Desktop</a></p>
"""


# The standard library sets the names of the methods do_….
class Handler(WebSockifyRequestHandler):  # type: ignore[misc]
    """Answers the requests of one connection."""

    server: Server
    SocketClass = ViewSocket
    server_version = "casa-desktop"
    sys_version = ""

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests are routine, and their addresses contain tokens. Called by the standard library."""

    def parse_request(self) -> bool:
        """Parse a request's head; if it is malformed, answer 400 and return False. Called by the standard library."""
        if not super().parse_request():
            return False
        if not _is_address(self.path):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def do_GET(self) -> None:  # noqa: N802
        """Answer GET; called by the standard library."""
        url = urlsplit(self.path)
        token = parse_qs(url.query).get("token")
        if not self._is_of_our_user():
            self._refuse(_STRANGE_USER)
        elif not self.server.site.answers_to(self.headers.get("Host")):
            self._refuse(_STRANGE_HOST)
        elif token and url.path == BASE:
            self._welcome(token[0])
        elif not self._is_known():
            self._refuse(f"{_NO_SESSION} {self.server.site.entrance}")
        else:
            self._answer(lambda: self._get(url.path))

    def do_HEAD(self) -> None:  # noqa: N802
        """Refuse HEAD: some programs use it to preview links before the user opens them. Called by the library."""
        self.close_connection = True
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"", "text/plain")

    def do_POST(self) -> None:  # noqa: N802
        """Start the desktop; called by the standard library."""
        if self._may_act():
            self._answer(self._start)

    def do_DELETE(self) -> None:  # noqa: N802
        """Stop the desktop; called by the standard library."""
        if self._may_act():
            self._answer(self._stop)

    def _may_act(self) -> bool:
        host, origin = self.headers.get("Host"), self.headers.get("Origin")
        if not self._is_of_our_user():
            self._refuse(_STRANGE_USER)
        elif not self.server.site.answers_to(host):
            self._refuse(_STRANGE_HOST)
        elif not self._is_known():
            self._refuse(f"{_NO_SESSION} {self.server.site.entrance}")
        elif not self.server.site.has_sent(origin, host):
            self._refuse(_STRANGE_ORIGIN)
        else:
            return True
        return False

    # Access control

    def _is_of_our_user(self) -> bool:
        if not self.server.site.same_user:
            return True
        return tcp_users.user_of(self.client_address[:2], self.server.server_address[:2]) in (os.getuid(), 0)

    def _is_known(self) -> bool:
        if not self.server.gate.knows(self.headers.get("Cookie")):
            return False
        self.server.strangers.discard(self.connection)
        return True

    def _welcome(self, token: str) -> None:
        cookie = self.server.gate.admit(token)
        if cookie is not None:
            self.server.strangers.discard(self.connection)
            self._send(HTTPStatus.OK, _WELCOME.encode(), _TYPES[".html"], {"Set-Cookie": cookie})
            self.server.used()
        elif self._is_known():
            # The same browser again, from its history.
            self._send(HTTPStatus.OK, _WELCOME.encode(), _TYPES[".html"])
        else:
            self._refuse(f"{_USED_LINK} {self.server.site.renewal}")

    def _refuse(self, words: str) -> None:
        # The request's body has not been read, so the connection cannot be reused.
        self.close_connection = True
        if urlsplit(self.path).path.startswith(BASE + "api/"):
            return self._json({"error": "Forbidden", "message": words}, HTTPStatus.FORBIDDEN)
        self._send(HTTPStatus.FORBIDDEN, error_page(words).encode(), _TYPES[".html"])

    # Answers

    def _answer(self, function: Callable[[], None]) -> None:
        try:
            function()
        except (CasaDesktopError, MemoryError, OSError, RuntimeError) as failure:
            error = models.ours(failure)
            if error is None:
                raise
            status = HTTPStatus.NOT_FOUND if isinstance(error, NotRunning) else HTTPStatus.INTERNAL_SERVER_ERROR
            self._json(models.error(error), status)

    def _get(self, path: str) -> None:
        own = f"{_API}/{self.server.name}"
        answers: Dict[str, Callable[[], None]] = {
            BASE: lambda: self._page("../"),
            f"{BASE}{self.server.name}/": lambda: self._page("../../"),
            _API: self._list,
            own: lambda: self._json(self.server.models.running(self.server.name)),
            f"{own}/screenshot.png": self._screenshot,
        }
        if path.startswith(f"{BASE}static/"):
            self._file(unquote(path[len(f"{BASE}static/") :]))
        else:
            answers.get(path, self._nothing)()

    def _nothing(self) -> None:
        words = f"Only the desktop {self.server.name!r} is served here, at {BASE}."
        self._json({"error": "NotServed", "message": words}, HTTPStatus.NOT_FOUND)

    def _list(self) -> None:
        record = registry.find(self.server.name)
        self._json(self.server.models.desktops([record] if record is not None else []))

    def _start(self) -> None:
        if self.path != _API:
            return self._nothing()
        length = self.headers.get("Content-Length", "0")
        # int() also accepts digits such as those of other scripts, and raises for thousands of digits.
        if not _LENGTH.fullmatch(length) or int(length) > _MOST_BODY:
            self.close_connection = True
            return self._json({"error": "BadRequest", "message": "The body is too long."}, HTTPStatus.BAD_REQUEST)
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
            name = body.get("name", self.server.name)
        except (ValueError, AttributeError):
            words = 'The body should be a JSON object, like {"name": "main"}.'
            return self._json({"error": "BadRequest", "message": words}, HTTPStatus.BAD_REQUEST)
        if name != self.server.name:
            return self._nothing()
        status = HTTPStatus.OK if registry.find(name) is not None else HTTPStatus.CREATED
        record = lifecycle.ensure(name, settings=self.server.settings)
        self._json(self.server.models.desktop(record), status)

    def _stop(self) -> None:
        if self.path != f"{_API}/{self.server.name}":
            return self._nothing()
        models.stop(self.server.name)
        self._send(HTTPStatus.NO_CONTENT, b"", "application/json")

    def _screenshot(self) -> None:
        self._send(HTTPStatus.OK, models.screenshot(self.server.name), "image/png")

    def _page(self, above: str) -> None:
        try:
            base, remedy = above if self.server.site.proxied else "/", self.server.site.remedy
            text = template.filled(base, self.server.name, remedy=remedy, lab=False)
        except FileNotFoundError as error:
            words = template.not_built(error)
            return self._send(HTTPStatus.INTERNAL_SERVER_ERROR, words.encode(), _TYPES[".txt"])
        self._send(HTTPStatus.OK, text.encode(), _TYPES[".html"])

    def _file(self, name: str) -> None:
        try:
            path = (PAGE_FOLDER / name).resolve()
            found = PAGE_FOLDER.resolve() in path.parents and path.is_file()
        except OSError:
            # For example, the name is too long.
            found = False
        if not found:
            return self._nothing()
        self._send(HTTPStatus.OK, path.read_bytes(), _TYPES.get(path.suffix, "application/octet-stream"))

    def _json(self, body: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: Optional[Mapping[str, str]] = None) -> None:
        self.send_response(status)
        length: Tuple[Tuple[str, str], ...] = (("Content-Length", str(len(body))), ("Content-Type", kind))
        for name, value in (*_HEADERS.items(), *length, *(headers or {}).items()):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    # The websocket

    def handle_upgrade(self) -> None:
        """Accept or refuse a view; called by websockify."""
        if not self._may_act():
            return
        if urlsplit(self.path).path == f"{_API}/{self.server.name}/rfb":
            super().handle_upgrade()
        else:
            self._nothing()

    def handle_websocket(self) -> None:
        """Relay a view's bytes until it ends; called by websockify."""
        view = self.request
        # A pointer event has only a few bytes; Nagle's algorithm would delay it by a round trip.
        view.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        view.setblocking(False)
        record = registry.find(self.server.name)
        if record is None:
            view.shutdown(None, GONE, "The desktop is not running.")
        else:
            Relay(view, record, self.server.audience, self.server.link_watch).run()


def _is_address(path: str) -> bool:
    """Return whether a request's path is one that a browser may have sent."""
    try:
        urlsplit(path)
    except ValueError:
        return False
    return "\0" not in unquote(path)


_STRANGE_USER = "Only the user who runs the kernel can open this page, and this connection is not from that user."
_STRANGE_HOST = "This address answers to 127.0.0.1 and localhost only."
_STRANGE_ORIGIN = "This request comes from a page of another site."
_NO_SESSION = "This browser has no access."
_USED_LINK = "This link has been used, or is wrong."
