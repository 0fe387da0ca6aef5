"""Who may see a desktop that is served without Jupyter. Pure: no sockets, no clock.

The address is on loopback, where every user of the machine and every page in the user's browser can send requests.
So a link with a one-time token lets one browser in, which gets a cookie for it; and a request must be for this machine
by one of its own names, or a page from elsewhere could have its name resolved to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import hmac
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import Optional, Set
from urllib.parse import urlsplit

# Whatever the port: an ssh tunnel may have another one at its near end.
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Gate:
    """Tokens and sessions of one server.

    Attributes:
        token: the token that lets the next browser in.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        # Its cookies are a port's own by their name alone; browsers keep one jar for all ports of a host.
        self.cookie = f"casa-desktop-{secrets.token_hex(4)}"
        self._sessions: Set[str] = set()
        self._lock = threading.Lock()

    def admit(self, token: str) -> Optional[str]:
        """Return the cookie for a browser that brings the token, which is void from now on; None if it is wrong."""
        with self._lock:
            if not hmac.compare_digest(token.encode(), self.token.encode()):
                return None
            self.token = secrets.token_urlsafe(24)
            session = secrets.token_urlsafe(24)
            self._sessions.add(session)
        return f"{self.cookie}={session}; Path=/casa-desktop/; HttpOnly; SameSite=Strict"

    def knows(self, cookies: Optional[str]) -> bool:
        """Tell whether the header ``Cookie`` of a request holds a session of ours."""
        try:
            found = SimpleCookie(cookies or "").get(self.cookie)
        except CookieError:
            return False
        with self._lock:
            return found is not None and found.value in self._sessions


def is_for_us(host: Optional[str]) -> bool:
    """Tell whether the header ``Host`` of a request has a name of this machine's own."""
    return _name(f"//{host or ''}") in _OWN_NAMES


def comes_from_us(origin: Optional[str], host: Optional[str]) -> bool:
    """Tell whether the header ``Origin`` of a request is that of a page at ``host``; False if there is none."""
    return origin is not None and origin.lower() == f"http://{(host or '').lower()}"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
