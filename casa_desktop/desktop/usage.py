"""Mark a desktop as shown by a browser or used by a kernel, and ask whether it is."""

from __future__ import annotations

from ..runtime.record import Record
from ..system import locks


def watch(record: Record) -> int:
    """Mark the desktop as shown by a browser, until ``end_use`` or the end of this process.

    Every server that connects a browser to the desktop calls this; the mode ``auto`` depends on ``is_watched``.

    Returns:
        A descriptor for ``end_use``.

    Raises:
        OSError: the desktop has just ended.
        RuntimeDirectoryError: what ends unused desktops was stopped in the moment in which it noticed the end of a use.
    """
    return locks.share(record.at.record, locks.VIEW)


def is_watched(record: Record) -> bool:
    """Return whether at least one browser shows the desktop; takes well below 1 ms.

    Raises:
        Shortage: this cannot be determined now.
    """
    return locks.is_shared(record.at.record, locks.VIEW)


def work(record: Record) -> int:
    """Mark the desktop as used by a kernel, until ``end_use`` or the end of this process.

    A CASA kernel calls this while a cell runs, so that the desktop is not stopped as unused. Takes well below 1 ms.

    Returns:
        A descriptor for ``end_use``.

    Raises:
        OSError: the desktop has just ended.
        RuntimeDirectoryError: what ends unused desktops was stopped in the moment in which it noticed the end of a use.
    """
    return locks.share(record.at.record, locks.WORK)


def end_use(descriptor: int) -> None:
    """End a use that ``watch`` or ``work`` began; ``descriptor`` is what they returned."""
    locks.unshare(descriptor)


def is_working(record: Record) -> bool:
    """Return whether a kernel that uses the desktop runs a cell; takes well below 1 ms.

    Raises:
        Shortage: this cannot be determined now.
    """
    return locks.is_shared(record.at.record, locks.WORK)
