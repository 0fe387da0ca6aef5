"""What REST answers hold, of a Jupyter server as of ``casa-desktop serve``: desktops, times and errors."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, Optional

from . import session
from .errors import CasaDesktopError, Shortage
from .runtime import Record


def desktop(record: Record, *, page: str, websocket: str, server: str) -> Dict[str, Any]:
    """Return what is told of a running desktop.

    Args:
        record: the desktop's.
        page: the path of its page on the server.
        websocket: the path of its RFB.
        server: a number of the server's process, by which a page sees that it was started anew.
    """
    return {
        "name": record.name,
        "state": "running",
        "display": record.display,
        "pid": record.supervisor_pid,
        "started": time(record.started),
        "version": record.version,
        "page": page,
        "websocket": websocket,
        "server": server,
        "watched": session.is_watched(record.name),
        # None stands for never.
        "idleMinutes": record.idle_minutes or None,
    }


def time(seconds: float) -> str:
    """Return a time, given in seconds since 1970, as REST has it: ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def ours(failure: object) -> Optional[CasaDesktopError]:
    """Return what is told in one sentence, an error of ours or that something has run out; None for any other."""
    return failure if isinstance(failure, CasaDesktopError) else Shortage.of(failure)


def error(failure: CasaDesktopError) -> Dict[str, str]:
    """Return an error's name and sentence."""
    return {"error": type(failure).__name__, "message": str(failure)}
