"""The starts of desktops that this server has under way; all requests for one desktop wait for the same start."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, MutableMapping, Optional

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async

from ..desktop import lifecycle
from ..runtime.record import Record
from ..system.executor import in_thread
from . import audit, metrics
from .config import CasaDesktop
from .state import AUTH_RESOURCE


class Starts:
    """The starts under way, by the desktop's name."""

    def __init__(self) -> None:
        self._tasks: Dict[str, asyncio.Task[Record]] = {}

    def begin(self, handler: JupyterHandler, name: str) -> asyncio.Task[Record]:
        """Return the start of a desktop that is under way; begin it if there is none.

        Args:
            handler: the handler of the request for the desktop.
            name: the desktop's name, a valid one.
        """
        if name not in self._tasks:
            task = self._tasks[name] = asyncio.ensure_future(_start(handler, name))
            task.add_done_callback(lambda done: self._end(name, done))
        return self._tasks[name]

    def under_way(self, name: str) -> Optional[asyncio.Task[Record]]:
        """Return the start of a desktop that is under way, or None."""
        return self._tasks.get(name)

    def _end(self, name: str, done: asyncio.Task[Record]) -> None:
        del self._tasks[name]
        # An error is told to the requests that wait; to ask for it keeps asyncio from logging one for which none does.
        if not done.cancelled():
            done.exception()


def starts(settings: MutableMapping[str, Any]) -> Starts:
    """Return a Jupyter server's starts, from its application's settings."""
    found: Starts = settings.setdefault("casa_desktop_starts", Starts())
    return found


async def _start(handler: JupyterHandler, name: str) -> Record:
    choices: CasaDesktop = handler.settings["casa_desktop"]
    settings, timeout = choices.settings(), choices.start_timeout
    with metrics.starting():
        record = await in_thread(lifecycle.ensure, name, settings=settings, timeout=timeout)
    audit.write(handler, "start", desktop=name)
    return record


async def may_start(handler: JupyterHandler) -> bool:
    """Return whether the request for a page means that its desktop is started, as its script would a moment later.

    Only a browser's own words count (Fetch Metadata, which scripts cannot set): a person goes to the page, in a window
    of the browser, and nothing fetches it ahead. A page in a frame of another site's, or an image with its address,
    would run no script. Browsers say nothing of that over plain HTTP from another machine; then the script starts it.
    """
    headers = handler.request.headers
    if headers.get("Sec-Fetch-Mode") != "navigate" or headers.get("Sec-Fetch-Dest") != "document":
        return False
    if any(headers.get(name) for name in ("Sec-Purpose", "Purpose", "X-Moz")):
        return False
    # The script's request is a POST.
    allowed = handler.authorizer.is_authorized(handler, handler.current_user, "write", AUTH_RESOURCE)
    return bool(await ensure_async(allowed))
