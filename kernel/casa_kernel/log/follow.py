"""Show a log as it grows, until the kernel is interrupted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, Protocol

from inotify_simple import flags

from casa_desktop.system.file_alarm import Alarm

from ..errors import BadParameter
from .file import LogFile
from .query import Query, Selection

_INTERVAL = 0.25


class Place(Protocol):
    """The display in which the log is shown."""

    def show(self, data: Dict[str, Any]) -> None:
        """Show a MIME bundle, and replace the one before."""


class Follower:
    """Follows one log for one query."""

    def __init__(self, path: Path, wanted: Query) -> None:
        self._path, self._selection = path, Selection(path, wanted)

    def run(self, place: Place) -> None:
        """Show the existing and new messages until KeyboardInterrupt, which ends it without an error.

        Raises:
            BadParameter: the log cannot be followed here.
        """
        file = LogFile.open(self._path, at_end=False)
        if file is None:
            raise BadParameter("casa_log", f"{self._path} cannot be read.")
        try:
            alarm = Alarm(_INTERVAL)
            try:
                alarm.open()
                self._follow(file, alarm, place)
            finally:
                alarm.close()
        except KeyboardInterrupt:
            self._read(file)
        except OSError as error:
            raise BadParameter("casa_log", f"{self._path} cannot be followed: {error.strerror}.") from error
        finally:
            file.close()
        place.show(self._selection.view().bundle())

    def _follow(self, file: LogFile, alarm: Alarm, place: Place) -> None:
        changed = True
        while True:
            # Armed before reading, so that lines which are written later wake this thread.
            alarm.arm(file.by_descriptor, flags.MODIFY | flags.ONESHOT)
            if self._read(file) or changed:
                place.show(self._selection.view(running=True).bundle())
            changed = False
            alarm.wait()
            # Collect the messages of this interval, and show them together.
            time.sleep(_INTERVAL)

    def _read(self, file: LogFile) -> bool:
        wanted = False
        for lines in file.pieces():
            wanted = self._selection.add(lines) or wanted
        return wanted
