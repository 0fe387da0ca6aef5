"""Access control for a desktop that is served without Jupyter. Pure: no sockets, no clock.

The server listens on loopback, where every user of the machine and every page in the user's browser can send requests.
So a link with a one-time token lets one browser in, which gets a cookie in exchange. A request's Host header must also
be one of this machine's own names: otherwise a page from elsewhere could have its host name resolved to 127.0.0.1 (DNS
rebinding).
"""

from __future__ import annotations

import hmac
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import Optional, Set
from urllib.parse import urlsplit

# The port is not checked: the near end of an ssh tunnel may have another one.
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Gate:
    """The tokens and sessions of one server.

    Attributes:
        token: the token that lets the next browser in.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        # Only the cookie's name separates servers: browsers share cookies between all ports of a host.
        self.cookie = f"casa-desktop-{secrets.token_hex(4)}"
        self._sessions: Set[str] = set()
        self._lock = threading.Lock()

    def admit(self, token: str) -> Optional[str]:
        """Return the cookie for a browser with the right token, which becomes invalid; None if the token is wrong."""
        with self._lock:
            if not hmac.compare_digest(token.encode(), self.token.encode()):
                return None
            self.token = secrets.token_urlsafe(24)
            session = secrets.token_urlsafe(24)
            self._sessions.add(session)
        return f"{self.cookie}={session}; Path=/casa-desktop/; HttpOnly; SameSite=Strict"

    def knows(self, cookies: Optional[str]) -> bool:
        """Return whether a request's ``Cookie`` header has a valid session."""
        try:
            found = SimpleCookie(cookies or "").get(self.cookie)
        except CookieError:
            return False
        with self._lock:
            return found is not None and found.value in self._sessions


def is_for_us(host: Optional[str]) -> bool:
    """Return whether a request's ``Host`` header is one of this machine's own names."""
    return _name(f"//{host or ''}") in _OWN_NAMES


def comes_from_us(origin: Optional[str], host: Optional[str]) -> bool:
    """Return whether a request's ``Origin`` header is that of a page at ``host``; False if there is none."""
    return origin is not None and origin.lower() == f"http://{(host or '').lower()}"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
