"""A log that is shown as it grows, until the kernel is interrupted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, Protocol

from inotify_simple import flags

from casa_desktop.alarm import Alarm

from .errors import BadParameter
from .logfile import LogFile
from .logs import Query, Selection

_INTERVAL = 0.25


class Place(Protocol):
    """Where it is shown."""

    def show(self, data: Dict[str, Any]) -> None:
        """Show a MIME bundle, in place of the one before."""


class Follower:
    """Follows one log for one query."""

    def __init__(self, path: Path, wanted: Query) -> None:
        self._path, self._selection = path, Selection(path, wanted)

    def run(self, place: Place) -> None:
        """Show what there is and what comes, until KeyboardInterrupt, which ends it without an error.

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
            # Before reading: what is written later wakes us.
            alarm.arm(file.by_descriptor, flags.MODIFY | flags.ONESHOT)
            if self._read(file) or changed:
                place.show(self._selection.view(running=True).bundle())
            changed = False
            alarm.wait()
            # Whatever is written in this time is told of in one go.
            time.sleep(_INTERVAL)

    def _read(self, file: LogFile) -> bool:
        wanted = False
        for lines in file.pieces():
            wanted = self._selection.add(lines) or wanted
        return wanted
