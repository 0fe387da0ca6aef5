"""Waits for the links that programs on a desktop hand over, in one thread for all views of ``serve``."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Optional

from inotify_simple import flags

from . import links, threads
from .alarm import Alarm
from .audience import Audience
from .runtime import Record

# How often to look, where links cannot be watched.
_LOOK_SECONDS = 1.0


class LinkWatch:
    """Tells the views of one desktop of links.

    Args:
        audience: the views.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._alarm: Optional[Alarm] = None
        self._record: Optional[Record] = None
        self._turn = threading.Lock()

    def attend(self, record: Record) -> None:
        """Begin to wait, for a view that has just come; it is told of links that wait already.

        Args:
            record: the desktop as it is now: it may have ended since another view came, and have started anew.

        Raises:
            OSError: it has just ended, or there is no descriptor left.
        """
        record.at.links.mkdir(mode=0o700, exist_ok=True)
        with self._turn:
            self._record = record
            if self._alarm is None:
                self._alarm = self._begun()
            if self._alarm is not None:
                self._alarm.ring()

    def _begun(self) -> Optional[Alarm]:
        """Start the thread; without one, links wait for the next view."""
        alarm = Alarm(_LOOK_SECONDS)
        try:
            threads.start(self._run, alarm)
        except (RuntimeError, MemoryError):
            alarm.close()
            return None
        return alarm

    def _run(self, alarm: Alarm) -> None:
        alarm.open()
        while True:
            # In a shortage, of which the views have other signs, what is missed is found at the next event.
            with suppress(OSError, MemoryError):
                self._look(alarm)
            alarm.wait()

    def _look(self, alarm: Alarm) -> None:
        record = self._record
        # Without a view nobody waits for links, and none can be handed over.
        if record is not None and self._audience.has_own(record.name):
            # Before looking: what comes later wakes us.
            alarm.arm(str(record.at.links), flags.MOVED_TO)
            for address in links.take(record.at):
                self._audience.link(record.name, address)
