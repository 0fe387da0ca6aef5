"""Control a desktop's supervisor from other processes: end it, continue it, or wait for its X server."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Sequence

from ..errors import NotAnswering, StopFailed
from ..runtime import directory
from ..runtime.directory import Places
from ..runtime.record import Record, read_record
from ..runtime.x_files import answers
from ..system import locks
from ..system.descriptors import readable
from ..system.process import is_stopped, namespace, open_pid
from . import cleanup

if TYPE_CHECKING:
    from ..system.inotify import Watches

_AFTER_KILL_SECONDS = 12.0
# How often to check for a change if the folder cannot be watched.
_LOOK_SECONDS = 0.2


def has_x_server(record: Record) -> bool:
    """Return whether the desktop's X server runs, even if it is stopped; takes well below 1 ms."""
    socket = Path(record.rfb_socket)
    # The server that answers may be a new one, started after the record was read.
    return answers(socket) and read_record(Places(socket.parent).record) == record


def await_x_server(record: Record, timeout: float) -> Optional[Record]:
    """Wait for a running desktop whose X server has died: its supervisor starts another one.

    Args:
        record: the record that was read before.
        timeout: how long to wait, in seconds; 0.3 s is usual.

    Returns:
        The new record; None if the desktop has ended.

    Raises:
        NotAnswering: there was no X server within ``timeout`` seconds.
    """

    def look() -> Optional[Record]:
        present = read_record(record.at.record)
        return present if present is not None and has_x_server(present) else None

    ends = _end_of(record)
    try:
        wake(record)
        return _awaited(record.at, look, ends, timeout)
    except TimeoutError:
        raise NotAnswering(record.name, timeout) from None
    finally:
        for each in ends:
            os.close(each)


def await_record(at: Places, timeout: float) -> Optional[Record]:
    """Wait until a folder that a supervisor has locked has a record, or is no longer locked.

    The supervisor may be about to end, or to restore a record that was removed (``desktop.mending``).

    Args:
        at: the desktop's paths.
        timeout: how long to wait, in seconds; 1 s is usual.

    Returns:
        The record; None if there was none within ``timeout`` seconds.
    """
    if not locks.is_held(at.folder):
        return None
    try:
        free = locks.when_free(at.folder)
    except OSError:
        # The folder has just gone.
        return None
    try:
        return _awaited(at, lambda: read_record(at.record), [free], timeout)
    except TimeoutError:
        return None
    finally:
        os.close(free)


def _awaited(at: Places, look: Callable[[], Optional[Record]], ends: Sequence[int], timeout: float) -> Optional[Record]:
    """Return what ``look`` finds when the folder changes; None if the desktop has ended.

    Args:
        at: the desktop's paths.
        look: looks for the record; called once at least.
        ends: descriptors that become readable when the supervisor ends.
        timeout: how long to wait, in seconds.

    Raises:
        TimeoutError: ``look`` found nothing within that time.
    """
    # Imported here, because nothing else in this module needs it at import.
    from inotify_simple import flags

    from ..system.inotify import Watches

    deadline, changes = time.monotonic() + timeout, Watches()
    try:
        changes.begin()
        with suppress(FileNotFoundError):
            changes.add(
                str(at.folder), flags.CREATE | flags.MOVED_TO | flags.DELETE | flags.DELETE_SELF | flags.ONLYDIR
            )
        while locks.is_held(at.folder):
            record = look()
            if record is not None:
                return record
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            _await_change(changes, ends, remaining)
    finally:
        changes.close()
    return None


def _await_change(changes: Watches, ends: Sequence[int], timeout: float) -> None:
    """Wait for a change in the folder or an end; for the time between two checks if the folder is not watched."""
    readable([*changes.readable, *ends], timeout if changes.shortage is None else min(timeout, _LOOK_SECONDS))
    changes.read()


def wake(record: Record) -> None:
    """Send SIGCONT to the supervisor of a running desktop, in case it was stopped."""
    if _is_here(record):
        # The supervisor holds the folder's lock, so the process id cannot belong to another process.
        with suppress(ProcessLookupError):
            os.kill(record.supervisor_pid, signal.SIGCONT)


def wake_beginners() -> None:
    """Continue the supervisors that were stopped while they started a desktop, and so block other starts.

    This takes about 50 ms if a desktop has no record yet.
    """
    for at in directory.everywhere():
        if read_record(at.record) is None:
            cleanup.wake(at)


def _end_of(record: Record) -> list[int]:
    """Return a list with a descriptor that becomes readable when the supervisor ends; empty if there is none."""
    if _is_here(record):
        with suppress(ProcessLookupError):
            descriptor = open_pid(record.supervisor_pid)
            return [] if descriptor is None else [descriptor]
    return []


def _is_here(record: Record) -> bool:
    return record.pid_namespace in ("", namespace("pid"))


def end_supervisor(record: Record, at: Places, timeout: float) -> None:
    """End a running desktop: terminate its supervisor, and kill it after ``timeout`` seconds.

    Raises:
        StopFailed: the supervisor still runs after it was killed, or was started outside of this container.
    """
    here = namespace("pid")
    if record.pid_namespace and here and record.pid_namespace != here:
        # In this namespace the number belongs to another process.
        raise StopFailed(
            record.name,
            "It was started outside of this container, or inside of another one; stop it there, with "
            f"'casa-desktop stop --name {record.name}' or by its page.",
        )
    if is_stopped(record.supervisor_pid):
        # A child that it was just starting may be stopped, too, and the supervisor waits for the child's exec.
        cleanup.wake(at)
    # The folder's lock is held, so the process id can only be the supervisor's. If a launcher was killed, its container
    # needs a moment to notice that.
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, _AFTER_KILL_SECONDS)):
        try:
            os.kill(record.supervisor_pid, number)
            os.kill(record.supervisor_pid, signal.SIGCONT)
        except ProcessLookupError:
            # It has just ended.
            pass
        if locks.wait_until_free(at.folder, patience):
            return
    # A child that was stopped between fork and exec still holds the lock of the supervisor that started it.
    cleanup.end_marked(at)
    if not locks.wait_until_free(at.folder, _AFTER_KILL_SECONDS):
        raise StopFailed(record.name)


def end_beginner(at: Places, timeout: float) -> None:
    """End a supervisor that has locked the folder but has no record: it is starting, ending, or was stopped then.

    Raises:
        StopFailed: the supervisor still runs after it was killed.
    """
    if locks.wait_until_free(at.folder, timeout):
        return
    cleanup.end_marked(at)
    if not locks.wait_until_free(at.folder, _AFTER_KILL_SECONDS):
        raise StopFailed(at.name)
