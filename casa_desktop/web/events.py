"""Publishes changes in the runtime directory: to JupyterLab as Jupyter events, to views over their websockets.

Subscribe in JupyterLab with ``app.serviceManager.events.stream``, elsewhere with ``<base>api/events/subscribe``.
"""

from __future__ import annotations

from typing import Any, Callable, Dict

from ..desktop import open_url
from ..runtime.record import Record
from ..views import runtime_watch, share_links
from ..views.closing import LINK_ENDED, WITHDRAWN
from .state import Reception

SCHEMA_ID = "https://casa-desktop.org/events/desktops"
SCHEMA: Dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Desktops",
    "description": "A CASA Desktop of the server's user has started or ended, whoever did it.",
    "type": "object",
    "additionalProperties": False,
    "required": ["action", "name"],
    "properties": {
        "action": {"enum": ["started", "ended"]},
        "name": {"type": "string", "description": "The desktop's name."},
    },
}


class Notices:
    """Compares the running desktops with those of the last call, and publishes the differences.

    Args:
        reception: the state of the server.
        emit: emits an event; its argument ``data`` is the event's content.
    """

    def __init__(self, reception: Reception, emit: Callable[..., object]) -> None:
        self._reception, self._emit = reception, emit
        self._known = runtime_watch.running_everywhere()

    def look(self) -> None:
        """Publish the changes; called when something has changed, and when a view has joined."""
        before, self._known = self._known, runtime_watch.running_everywhere()
        for name, record in before.items():
            if not _is_same(record, self._known.get(name)):
                self._emit(data={"action": "ended", "name": name})
        for name, record in self._known.items():
            if not _is_same(record, before.get(name)):
                self._emit(data={"action": "started", "name": name})
            self._tell_views(record)

    def _tell_views(self, record: Record) -> None:
        audience = self._reception.audience
        if audience.has_own(record.name):
            for address in open_url.take(record.at):
                audience.link(record.name, address)
        for number in audience.shares(record.name):
            if not share_links.is_valid(record, number):
                audience.end_share(record.name, number, LINK_ENDED, WITHDRAWN)


def _is_same(one: Record, other: Record | None) -> bool:
    return other is not None and (one.supervisor_pid, one.started) == (other.supervisor_pid, other.started)
