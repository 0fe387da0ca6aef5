"""Tells pages by a Jupyter event that the list of jobs has changed, so that none needs to ask again and again.

Each answer with the list arms the watch; the first change is told once and ends it. A server whose list is not asked
for watches nothing.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List, MutableMapping

from inotify_simple import flags

from ..batch import job_root, jobs
from ..batch.jobs import Row
from ..system.executor import in_thread
from ..system.inotify import Watches

SCHEMA_ID = "https://casa-desktop.org/events/jobs"
SCHEMA: Dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Jobs",
    "description": "The list of the user's jobs is no longer as it was when it was asked for last.",
    "type": "object",
    "additionalProperties": False,
    "required": ["action"],
    "properties": {"action": {"enum": ["changed"]}},
}
_SETTING = "casa_desktop_job_news"
_OF_ALL = int(flags.CREATE | flags.MOVED_TO | flags.DELETE | flags.MOVED_FROM | flags.ONLYDIR)
# A job writes its files under another name, and renames them.
_OF_ONE = int(flags.MOVED_TO | flags.ONLYDIR)


class JobNews:
    """Lists the jobs, and emits an event at the first change after that. Call it in the event loop.

    Args:
        emit: emits an event; its argument ``data`` is the event's content.
    """

    def __init__(self, emit: Callable[..., object]) -> None:
        self._emit, self._watches = emit, Watches()
        # The event loop, which refers to this object, may end without another call.
        weakref.finalize(self, self._watches.close)

    async def rows(self) -> List[Row]:
        """Return all jobs, the oldest first.

        Raises:
            Shortage: their states cannot be told now.
        """
        root = job_root.root(os.environ)
        self._watch_root(root)
        # First the watches: what changes after that is told, and may be told in vain.
        for name in await in_thread(job_root.ids, root):
            self._add(root / name, _OF_ONE)
        return await in_thread(jobs.rows, root)

    def _watch_root(self, root: Path) -> None:
        self._watches.begin()
        for descriptor in self._watches.readable:
            asyncio.get_running_loop().add_reader(descriptor, self._tell)
        # The first job makes the folder, and perhaps those above it.
        place = root
        while not place.is_dir() and place != place.parent:
            place = place.parent
        self._add(place, _OF_ALL)

    def _add(self, path: Path, mask: int) -> None:
        # It may have been removed meanwhile, which is told as well.
        with suppress(OSError):
            self._watches.add(str(path), mask)

    def _tell(self) -> None:
        for descriptor in self._watches.readable:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._watches.close()
        self._emit(data={"action": "changed"})


def install(settings: MutableMapping[str, Any], emit: Callable[..., object]) -> None:
    """Give a Jupyter server its news; ``emit`` emits events of ``SCHEMA``."""
    settings[_SETTING] = JobNews(emit)


def of(settings: MutableMapping[str, Any]) -> JobNews:
    """Return the news of a Jupyter server."""
    news: JobNews = settings[_SETTING]
    return news
