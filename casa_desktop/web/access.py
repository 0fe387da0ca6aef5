"""Access control for a desktop that is served without Jupyter. Pure: no sockets, no clock.

The server listens on loopback, where every user of the machine and every page in the user's browser can send requests.
So a link with a one-time token lets one browser in, which gets a cookie in exchange. A request's Host header must also
be one of this machine's own names: otherwise a page from elsewhere could have its host name resolved to 127.0.0.1 (DNS
rebinding).

A page that a kernel serves may be reached through a proxy, such as jupyter-server-proxy, which has any host name and a
path of its own. A page after DNS rebinding still gets nothing there, because browsers keep the cookie for the host
name, and the page's own name is another one. Its link is in a notebook's output, which Jupyter may send through ports
to which every user of the machine can listen in. So there, who connects must be the same user as well.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple, Optional, Sequence, Set
from urllib.parse import urlsplit

# The port is not checked: the near end of an ssh tunnel may have another one.
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Site(NamedTuple):
    """Where browsers find a server.

    Attributes:
        proxied: whether there may be a proxy between, so that the host's name and the first part of the path are
            unknown.
        same_user: whether only this user's programs, and root's, may connect: a browser, ssh's daemon, or Jupyter.
        entrance: a sentence for users whose browser was not let in: which link does.
        renewal: a sentence for users whose link was used: where they find the next one.
        remedy: sentences for users whose page has lost this server: where they find the next page.
    """

    proxied: bool
    same_user: bool
    entrance: str
    renewal: str
    remedy: str

    @property
    def cookie_path(self) -> str:
        """The cookie's attribute for the path; without one, browsers take the folder of the link's own path."""
        return "" if self.proxied else " Path=/casa-desktop/;"

    def answers_to(self, host: Optional[str]) -> bool:
        """Return whether a request may have this ``Host`` header."""
        return self.proxied or is_for_us(host)

    def has_sent(self, origin: Optional[str], host: Optional[str]) -> bool:
        """Return whether a request's ``Origin`` header is that of our page at ``host``; False if there is none."""
        return comes_from_us(origin, host, ("http", "https") if self.proxied else ("http",))


class Gate:
    """The tokens and sessions of one server.

    Attributes:
        token: the token that lets the next browser in.

    Args:
        site: where browsers find the server.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
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
        return f"{self.cookie}={session};{self._site.cookie_path} HttpOnly; SameSite=Strict"

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


def comes_from_us(origin: Optional[str], host: Optional[str], schemes: Sequence[str] = ("http",)) -> bool:
    """Return whether a request's ``Origin`` header is that of a page at ``host``; False if there is none."""
    return origin is not None and origin.lower() in [f"{each}://{(host or '').lower()}" for each in schemes]


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
