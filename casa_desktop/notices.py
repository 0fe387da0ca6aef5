"""News from the runtime directory, and who is to hear it: JupyterLab by Jupyter's events, the views by their websocket.

In JupyterLab: ``app.serviceManager.events.stream``; elsewhere ``<base>api/events/subscribe``.
"""

from __future__ import annotations

from typing import Any, Callable, Dict

from . import links, lookout, shares
from .reception import LINK_ENDED, WITHDRAWN, Reception
from .runtime import Record

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
    """Compares what is there with what was there, and tells the difference.

    Args:
        reception: the server's.
        emit: takes the data of one event, by name.
    """

    def __init__(self, reception: Reception, emit: Callable[..., object]) -> None:
        self._reception, self._emit = reception, emit
        self._known = lookout.running_everywhere()

    def look(self) -> None:
        """Tell what is new; called when something has changed, and when a view has come."""
        before, self._known = self._known, lookout.running_everywhere()
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
            for address in links.take(record.at):
                audience.link(record.name, address)
        for number in audience.shares(record.name):
            if not shares.is_valid(record, number):
                audience.end_share(record.name, number, LINK_ENDED, WITHDRAWN)


def _is_same(one: Record, other: Record | None) -> bool:
    return other is not None and (one.supervisor_pid, one.started) == (other.supervisor_pid, other.started)
