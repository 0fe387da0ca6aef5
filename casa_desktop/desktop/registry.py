"""Find running desktops: by their name, by their folder, or all of them. Nothing here starts one."""

from __future__ import annotations

from typing import List, Optional

from .. import errors
from ..runtime import directory
from ..runtime.directory import Places
from ..runtime.exit_reason import read_last_words
from ..runtime.record import Record, read_record
from ..system import locks
from . import cleanup

DEFAULT_NAME = "main"


def find(name: str = DEFAULT_NAME) -> Optional[Record]:
    """Return the record of the desktop ``name`` if it is running, else None.

    Raises:
        InvalidName, RuntimeDirectoryError: as ``runtime.directory.places``.
        Shortage: this cannot be determined now.
    """
    return living(directory.places(name, make=False))


def living(at: Places) -> Optional[Record]:
    """Return the record of the desktop in this folder if it is running, else None."""
    return read_record(at.record) if locks.is_held(at.folder) else None


def running(name: str = DEFAULT_NAME) -> Record:
    """Return the record of the desktop ``name``.

    Raises:
        DesktopLost: the desktop has ended unintentionally.
        NotRunning: the desktop is not running; if it ended by itself, the message gives the reason.
        InvalidName, RuntimeDirectoryError: as ``find``.
    """
    record = find(name)
    if record is None:
        gone = _gone(name)
        # It may have been started meanwhile.
        record = find(name)
        if record is None:
            raise gone
    return record


def _gone(name: str) -> errors.NotRunning:
    if cleanup.is_dead(directory.places(name, make=False)):
        return errors.DesktopLost(name, cleanup.LOST)
    # A process that cleans up meanwhile writes the reason first.
    left = read_last_words(name)
    if left is None:
        return errors.NotRunning(name)
    return (errors.DesktopLost if left.lost else errors.NotRunning)(name, left.words)


def list_desktops() -> List[Record]:
    """Return the records of all running desktops of this user, by name; clean up after desktops that were killed."""
    records = []
    for at in directory.everywhere():
        record = living(at)
        if record is None:
            cleanup.bury_if_dead(at)
        else:
            records.append(record)
    return records
