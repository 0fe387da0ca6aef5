"""Watches for links that programs on a desktop ask to open; one thread for all views of ``serve``."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Optional

from inotify_simple import flags

from ..desktop import open_url
from ..runtime.record import Record
from ..system import threads
from ..system.file_alarm import Alarm
from .viewers import Audience

# Seconds between scans where inotify is not available.
_LOOK_SECONDS = 1.0


class LinkWatch:
    """Sends links to the views of one desktop.

    Args:
        audience: the views.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._alarm: Optional[Alarm] = None
        self._record: Optional[Record] = None
        self._turn = threading.Lock()

    def attend(self, record: Record) -> None:
        """Start watching for a new view, and send it the links that are already waiting.

        Args:
            record: the desktop's present record; the desktop may have been restarted since the last view came.

        Raises:
            OSError: the desktop has just ended, or no file descriptor is left.
        """
        record.at.links.mkdir(mode=0o700, exist_ok=True)
        with self._turn:
            self._record = record
            if self._alarm is None:
                self._alarm = self._begun()
            if self._alarm is not None:
                self._alarm.ring()

    def _begun(self) -> Optional[Alarm]:
        """Start the thread; if that fails, links wait for the next view."""
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
            # During a shortage, which the views notice in other ways, missed links are found at the next event.
            with suppress(OSError, MemoryError):
                self._look(alarm)
            alarm.wait()

    def _look(self, alarm: Alarm) -> None:
        record = self._record
        # Without a view, links cannot be delivered.
        if record is not None and self._audience.has_own(record.name):
            # Arm before reading, so that a link that arrives later causes an event.
            alarm.arm(str(record.at.links), flags.MOVED_TO)
            for address in open_url.take(record.at):
                self._audience.link(record.name, address)
