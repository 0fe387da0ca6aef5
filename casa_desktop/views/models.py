"""The bodies of REST answers, for a Jupyter server (``web.rest``) and for ``casa-desktop serve`` (``web.standalone``).

The functions block, for some milliseconds; an event loop calls them in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from time import time as seconds_now
from typing import Any, Dict, Iterable, Optional, Sequence

from ..desktop import lifecycle, registry, usage
from ..errors import CasaDesktopError, NotRunning, Shortage
from ..runtime.record import Record
from ..x11 import screenshots
from .share_links import Share

Body = Dict[str, Any]


@dataclass(frozen=True)
class Models:
    """The JSON models of one server's desktops and share links.

    Attributes:
        base_url: the server's base URL; ends in a slash.
        server: an id of the server's process; a page compares it to notice that the server was restarted.
        lacks: what the administrator has switched off, as the page calls it.
    """

    base_url: str
    server: str
    lacks: Sequence[str] = ()

    def desktops(self, records: Iterable[Record]) -> Body:
        """Return the model of a list of running desktops."""
        return {"desktops": [self.desktop(record) for record in records]}

    def desktop(self, record: Record) -> Body:
        """Return the model of a running desktop."""
        return {
            "name": record.name,
            "state": "running",
            "display": record.display,
            "pid": record.supervisor_pid,
            "started": time(record.started),
            "version": record.version,
            "page": f"{self.base_url}casa-desktop/{record.name}/",
            "websocket": self.websocket(record.name),
            "server": self.server,
            "watched": usage.is_watched(record),
            # None means never.
            "idleMinutes": record.idle_minutes or None,
            # None means that it has no longest life.
            "ends": time(record.ends) if record.ends else None,
            "lacks": list(self.lacks),
        }

    def websocket(self, name: str) -> str:
        """Return the path of the websocket of the desktop ``name``, running or not."""
        return f"{self.base_url}casa-desktop/api/desktops/{name}/rfb"

    def running(self, name: str) -> Body:
        """Return the model of the desktop ``name``.

        Raises:
            NotRunning: it is not running.
        """
        return self.desktop(registry.running(name))

    def new_share(self, share: Share, token: str) -> Body:
        """Return the model of a new link for the desktop's owner: the only one with the link's token."""
        url = f"{self.base_url}casa-desktop/shared/{token}/"
        return {**link(share), "url": url, "token": token}

    def shared(self, record: Record, share: Share, token: str) -> Body:
        """Return the model of a shared desktop, for users who have the link."""
        return {
            "name": record.name,
            "state": "running",
            "websocket": f"{self.base_url}casa-desktop/api/shared/{token}/rfb",
            "expires": time(share.expires),
            "viewOnly": True,
            "server": self.server,
        }


def link(share: Share) -> Body:
    """Return the model of a share link, without its token."""
    return {"id": share.id, "label": share.label, "expires": time(share.expires)}


def time(seconds: float) -> str:
    """Format a time for REST, in ISO 8601 and UTC; ``seconds`` counts from 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def now() -> str:
    """Return the present time as ``time`` does."""
    return time(seconds_now())


def ours(failure: object) -> Optional[CasaDesktopError]:
    """Return an error that has a message for the user: one of ours, or a shortage; None for any other failure."""
    return failure if isinstance(failure, CasaDesktopError) else Shortage.of(failure)


def error(failure: CasaDesktopError) -> Body:
    """Return the JSON model of an error: its class name and its message."""
    return {"error": type(failure).__name__, "message": str(failure)}


def stop(name: str) -> None:
    """Stop the desktop ``name`` and all programs on it.

    Raises:
        NotRunning: it is not running.
    """
    if not lifecycle.stop(name):
        raise NotRunning(name)


def screenshot(name: str) -> bytes:
    """Return a PNG of the whole desktop ``name``.

    Raises:
        NotRunning: it is not running.
    """
    return screenshots.screenshot(registry.running(name))
