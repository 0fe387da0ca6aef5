"""Mark a desktop as shown by a browser or used by a kernel, and ask whether it is."""

from __future__ import annotations

from .. import errors
from ..runtime import directory
from ..runtime.record import Record
from ..system import locks
from .registry import DEFAULT_NAME, find


def watch(record: Record) -> int:
    """Mark the desktop as shown by a browser, until ``end_use`` or the end of this process.

    Every server that connects a browser to the desktop calls this; the mode ``auto`` depends on ``is_watched``.

    Returns:
        A descriptor for ``end_use``.

    Raises:
        OSError: the desktop has just ended.
    """
    return locks.share(record.at.record, locks.VIEW)


def is_watched(name: str = DEFAULT_NAME) -> bool:
    """Return whether the desktop ``name`` is running and at least one browser shows it; takes well below 1 ms."""
    try:
        return find(name) is not None and locks.is_shared(directory.places(name).record, locks.VIEW)
    except errors.RuntimeDirectoryError:
        # Without a usable runtime directory there is no desktop to show; a program that starts one gets the error.
        return False


def work(record: Record) -> int:
    """Mark the desktop as used by a kernel, until ``end_use`` or the end of this process.

    A CASA kernel calls this while a cell runs, so that the desktop is not stopped as unused. Takes well below 1 ms.

    Returns:
        A descriptor for ``end_use``.

    Raises:
        OSError: the desktop has just ended.
    """
    return locks.share(record.at.record, locks.WORK)


def end_use(descriptor: int) -> None:
    """End a use that ``watch`` or ``work`` began; ``descriptor`` is what they returned."""
    locks.unshare(descriptor)


def is_working(name: str = DEFAULT_NAME) -> bool:
    """Return whether the desktop ``name`` is running and a kernel that uses it runs a cell; takes well below 1 ms."""
    return find(name) is not None and locks.is_shared(directory.places(name).record, locks.WORK)
