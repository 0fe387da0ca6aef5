"""Watch the disk space of CASA's log and its file, and have CASA open the log anew when it must."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Optional

from ..checks import disk_space
from ..errors import NoSuchFolder, NotWritable


class LogRoom:
    """Checks the disk space of the log and the file itself, before and after each cell.

    CASA keeps the file that it opened: once its name is gone, users cannot find what is written. And CASA's stream
    stays in an error state after a failed write (casatools 6.7.0): messages are lost while the disk is full, and would
    be lost afterwards too.

    Args:
        logfile: returns the path of CASA's log.
        reopen: has CASA open its log anew.
        say: called once with a message for the user that there is no room.
    """

    def __init__(self, logfile: Callable[[], str], reopen: Callable[[], None], say: Callable[[str], None]) -> None:
        self._logfile, self._reopen, self._say = logfile, reopen, say
        self._full = False
        self._lost: Optional[str] = None

    def look(self) -> None:
        """Notice a full disk or a missing log, and open the log anew when it can be written."""
        self._look_for_room()
        self._look_for_file()

    def _look_for_file(self) -> None:
        logfile = self._logfile()
        if os.path.exists(logfile):
            self._lost = None
            return
        if os.access(os.path.dirname(os.path.abspath(logfile)), os.W_OK):
            self._reopen()
            self._say(f"CASA's log {logfile} was removed; CASA goes on in a new file of that name.")
        elif self._lost != logfile:
            self._lost = logfile
            self._say(
                f"CASA's log {logfile} is no longer there, and nothing can be written in its place; choose another "
                "with casalog.setlogfile('casa.log')."
            )

    def _look_for_room(self) -> None:
        before, self._full = self._full, disk_space.is_full(Path(self._logfile()).parent)
        if self._full and not before:
            self._say(f"CASA's log is not written for now: no room is left on the disk that holds {self._logfile()}.")
        elif before and not self._full:
            self._reopen()


def check(logfile: str) -> None:
    """Check that CASA can write a log that is about to be set; CASA itself would report nothing, and log nothing.

    Raises:
        NoSuchFolder: the folder does not exist.
        NotWritable: the folder, or the file, cannot be written.
    """
    path = Path(os.path.abspath(logfile))
    if not path.parent.is_dir():
        raise NoSuchFolder("casalog.setlogfile", "filename", path)
    if path.is_dir():
        raise NotWritable("casalog.setlogfile", "filename", path, "it is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise NotWritable("casalog.setlogfile", "filename", path, "you have no permission")
