"""Waits in the event loop until the phase of a job changes: inotify(7) tells of what a job writes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from inotify_simple import flags

from ..batch import service
from ..batch.service import Entry
from ..system.executor import in_thread
from ..system.inotify import Watches

# A job writes its files under another name, and renames them.
_MASK = int(flags.MOVED_TO | flags.DELETE_SELF | flags.MODIFY)
# What leaves no trace in its folder is looked for so often, in seconds: a job was killed, or waits for Slurm.
_LOOK_SECONDS = 5.0


async def changed(name: str, phase: str, seconds: float) -> Entry:
    """Return a job as soon as its phase is another one, or after ``seconds``.

    Raises:
        JobUnknown: it was removed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    watches, news = Watches(), asyncio.Event()
    watches.begin()
    try:
        entry = await in_thread(service.entry, name)
        with suppress(OSError):
            watches.add(str(entry.folder.path), _MASK)
        for descriptor in watches.readable:
            loop.add_reader(descriptor, news.set)
        # Once more: it may have changed before the watch began.
        while (entry := await in_thread(service.entry, name)).state.phase == phase and loop.time() < deadline:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(news.wait(), min(_LOOK_SECONDS, deadline - loop.time()))
            watches.read()
            news.clear()
        return entry
    finally:
        for descriptor in watches.readable:
            loop.remove_reader(descriptor)
        watches.close()
