"""What one Jupyter server knows beyond the runtime directory: its own name, and who looks at which desktop."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Callable, MutableMapping

from . import session
from .audience import Audience
from .errors import CasaDesktopError
from .runtime import Record
from .workers import in_thread

# What an administrator's Authorizer is asked about: the desktops, and no more than looking at them by a link.
AUTH_RESOURCE = "casa-desktop"
SHARE_RESOURCE = "casa-desktop-share"
# How the connection of a view ends whose link has expired or was withdrawn.
LINK_ENDED = 4403
WITHDRAWN = "This link was withdrawn."
_SETTING = "casa_desktop_reception"


@dataclass
class Reception:
    """One Jupyter server's view of its desktops.

    Attributes:
        server: a random number of this process, by which a page sees that the server was started anew.
        audience: who looks at which desktop.
        look_again: to be called when a view has come, for news from the runtime directory may have waited for it.
        queue: held by the view that waits for room at an Xvnc.
    """

    server: str = field(default_factory=lambda: uuid.uuid4().hex)
    audience: Audience = field(default_factory=Audience)
    look_again: Callable[[], None] = lambda: None
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)
    _scaling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def rescale(self, record: Record, ratio: float) -> None:
        """Have a desktop's windows drawn ``ratio`` times as large, without waiting for it."""
        task = asyncio.ensure_future(self._rescale(record, ratio))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _rescale(self, record: Record, ratio: float) -> None:
        # One after the other, so that the last one asked for is the last one done. The desktop may just have ended.
        async with self._scaling:
            with suppress(CasaDesktopError):
                await in_thread(session.set_scale, record, ratio)


def reception(settings: MutableMapping[str, Any]) -> Reception:
    """Return a Jupyter server's reception, from the settings of its application."""
    if _SETTING not in settings:
        settings[_SETTING] = Reception()
    found: Reception = settings[_SETTING]
    return found
