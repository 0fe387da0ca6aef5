"""Answers what a view in a cell asks: part of the REST interface that a Jupyter server of casa-desktop's has."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Any, Callable, Dict, NamedTuple, Tuple
from urllib.parse import unquote

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.errors import CasaDesktopError, NotRunning
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import settings_from
from casa_desktop.x11 import screenshots


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: the status of HTTP.
        body: the body, for JSON; None if it is ``data``.
        data: bytes.
    """

    status: int
    body: Any = None
    data: bytes = b""


def answer(method: str, path: str, body: str) -> Answer:
    """Return the answer to one request; takes a second where a desktop is started.

    Args:
        method: HTTP's.
        path: below ``api/``.
        body: JSON, or an empty string.
    """
    act, name = _find(method, path, body)
    try:
        return act(name)
    except CasaDesktopError as error:
        status = 404 if isinstance(error, NotRunning) else 500
        return Answer(status, {"error": type(error).__name__, "message": str(error)})


def _find(method: str, path: str, body: str) -> Tuple[Callable[[str], Answer], str]:
    first, _, rest = path.partition("/")
    name, _, what = rest.partition("/")
    act = _ACTS.get((method, first, bool(name), what), _unknown)
    return act, unquote(name) if name else _requested(body)


def _requested(body: str) -> str:
    try:
        told = json.loads(body or "{}")
    except ValueError:
        return ""
    return str(told.get("name", "")) if isinstance(told, dict) else ""


def _start(name: str) -> Answer:
    return Answer(200, _model(lifecycle.ensure(name, settings=settings_from(os.environ))))


def _look(name: str) -> Answer:
    return Answer(200, _model(registry.running(name)))


def _stop(name: str) -> Answer:
    lifecycle.stop(name)
    return Answer(200, {})


def _screenshot(name: str) -> Answer:
    return Answer(200, data=screenshots.screenshot(registry.running(name)))


def _unknown(_name: str) -> Answer:
    return Answer(404, {"error": "NotFound", "message": "A desktop in a cell has no such thing."})


_ACTS: Dict[Tuple[str, str, bool, str], Callable[[str], Answer]] = {
    ("POST", "desktops", False, ""): _start,
    ("GET", "desktops", True, ""): _look,
    ("DELETE", "desktops", True, ""): _stop,
    ("GET", "desktops", True, "screenshot.png"): _screenshot,
}


def _model(record: Record) -> Dict[str, Any]:
    """Return what a view must know of a running desktop."""
    return {
        "name": record.name,
        "display": record.display,
        "started": _time(record.started),
        "websocket": f"/{record.name}",
        "server": str(os.getpid()),
        "ends": _time(record.ends) if record.ends else None,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
