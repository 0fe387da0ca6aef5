"""The state of one Jupyter server beyond the runtime directory: its id, and the views of each desktop."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Callable, MutableMapping

from ..desktop import scaling
from ..errors import CasaDesktopError
from ..runtime.record import Record
from ..system.executor import in_thread
from ..views.models import Models
from ..views.viewers import Audience

# The resources in an administrator's Authorizer: the desktops, and view-only access by a share link.
AUTH_RESOURCE = "casa-desktop"
SHARE_RESOURCE = "casa-desktop-share"
_SETTING = "casa_desktop_reception"


@dataclass
class Reception:
    """One Jupyter server's view of its desktops.

    Attributes:
        server: a random id of this process; a page compares it to notice that the server was restarted.
        audience: the views of each desktop.
        look_again: called when a view has joined, because events in the runtime directory may have waited for it.
        queue: the lock for the one view that waits for room in an Xvnc's listen queue.
    """

    server: str = field(default_factory=lambda: uuid.uuid4().hex)
    audience: Audience = field(default_factory=Audience)
    look_again: Callable[[], None] = lambda: None
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)
    _scaling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def rescale(self, record: Record, ratio: float) -> None:
        """Start changing the scale of a desktop's windows to ``ratio``, without waiting for the result."""
        task = asyncio.ensure_future(self._rescale(record, ratio))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _rescale(self, record: Record, ratio: float) -> None:
        # One at a time, so that the last request is also the last one done. The desktop may just have ended.
        async with self._scaling:
            with suppress(CasaDesktopError):
                await in_thread(scaling.set_scale, record, ratio)


def reception(settings: MutableMapping[str, Any]) -> Reception:
    """Return a Jupyter server's state, from its application's settings."""
    if _SETTING not in settings:
        settings[_SETTING] = Reception()
    state: Reception = settings[_SETTING]
    return state


def models(settings: MutableMapping[str, Any]) -> Models:
    """Return the models of a Jupyter server's desktops and links, from its application's settings."""
    return Models(settings["base_url"], reception(settings).server, settings["casa_desktop"].lacks)
