"""The bodies of REST answers, for a Jupyter server and for ``casa-desktop serve``: desktops, times and errors."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, Optional

from ..desktop import usage
from ..errors import CasaDesktopError, Shortage
from ..runtime.record import Record


def desktop(record: Record, *, page: str, websocket: str, server: str) -> Dict[str, Any]:
    """Return the JSON model of a running desktop.

    Args:
        record: the record of the desktop.
        page: the path of the desktop's page on the server.
        websocket: the path of its RFB websocket.
        server: an id of the server's process; a page compares it to notice that the server was restarted.
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
        "watched": usage.is_watched(record),
        # None means never.
        "idleMinutes": record.idle_minutes or None,
    }


def time(seconds: float) -> str:
    """Format a time for REST, in ISO 8601 and UTC; ``seconds`` counts from 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def ours(failure: object) -> Optional[CasaDesktopError]:
    """Return an error that has a message for the user: one of ours, or a shortage; None for any other failure."""
    return failure if isinstance(failure, CasaDesktopError) else Shortage.of(failure)


def error(failure: CasaDesktopError) -> Dict[str, str]:
    """Return the JSON model of an error: its class name and its message."""
    return {"error": type(failure).__name__, "message": str(failure)}
