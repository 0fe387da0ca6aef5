"""What others want of a desktop's supervisor: that it ends, or that its X server comes back."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Optional

from . import locks, reaper, runtime
from .descriptors import readable
from .errors import NotAnswering, StopFailed
from .process import is_stopped, namespace, open_pid
from .runtime import Places, Record
from .xfiles import answers

_AFTER_KILL_SECONDS = 12.0
# How often it is looked for an X server where its folder cannot be watched.
_LOOK_SECONDS = 0.2


def has_x_server(record: Record) -> bool:
    """Tell whether the desktop's X server is there; takes well below 1 ms. One that is stopped is there, too."""
    socket = Path(record.rfb_socket)
    # One that answers may be the next one, which has come since the record was read.
    return answers(socket) and runtime.read_record(Places(socket.parent).record) == record


def await_x_server(record: Record, at: Places, timeout: float) -> Optional[Record]:
    """Wait for a running desktop whose X server has died: the supervisor is bringing another one.

    Args:
        record: what was known of the desktop.
        at: its paths.
        timeout: how long to wait, in seconds; 0.3 s is usual.

    Returns:
        What is known of it then; None if it has ended.

    Raises:
        NotAnswering: it has not come back.
    """
    # Imported here, because nobody else needs it at once.
    from inotify_simple import flags

    from .watches import Watches

    deadline = time.monotonic() + timeout
    changes, ends = Watches(), _end_of(record)
    try:
        changes.begin()
        with suppress(FileNotFoundError):
            changes.add(
                str(at.folder), flags.CREATE | flags.MOVED_TO | flags.DELETE | flags.DELETE_SELF | flags.ONLYDIR
            )
        wake(record)
        while locks.is_held(at.folder):
            found = runtime.read_record(at.record)
            if found is not None and has_x_server(found):
                return found
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise NotAnswering(record.name, timeout)
            readable(
                [*changes.readable, *ends], remaining if changes.shortage is None else min(remaining, _LOOK_SECONDS)
            )
            changes.read()
    finally:
        changes.close()
        for each in ends:
            os.close(each)
    return None


def await_record(at: Places, timeout: float) -> Optional[Record]:
    """Wait until a folder that a supervisor holds has a record, or is held no longer.

    The supervisor may be about to end, or to put back a record that was removed (``mending``).

    Args:
        at: the desktop's paths.
        timeout: how long to wait, in seconds; 1 s is usual.

    Returns:
        The record; None if there is none until then.
    """
    if not locks.is_held(at.folder):
        return None
    from inotify_simple import INotify, flags

    deadline = time.monotonic() + timeout
    with ExitStack() as stack:
        try:
            changes = stack.enter_context(INotify())
            changes.add_watch(str(at.folder), flags.CREATE | flags.MOVED_TO | flags.ONLYDIR)
            free = locks.when_free(at.folder)
        except OSError:
            return None
        stack.callback(os.close, free)
        while locks.is_held(at.folder):
            record = runtime.read_record(at.record)
            if record is not None:
                return record
            if not readable([changes.fileno(), free], deadline - time.monotonic()):
                return None
            changes.read(0)
    return None


def wake(record: Record) -> None:
    """Let the supervisor of a running desktop go on, if it was stopped; it is told nothing else."""
    if _is_here(record):
        # It holds the folder's lock, so the pid is its own.
        with suppress(ProcessLookupError):
            os.kill(record.supervisor_pid, signal.SIGCONT)


def wake_beginners() -> None:
    """Let those supervisors go on that were stopped while they started a desktop: meanwhile nobody else can start one.

    Takes some 50 ms where something was begun and has no record yet.
    """
    for at in runtime.everywhere():
        if runtime.read_record(at.record) is None:
            reaper.wake(at)


def _end_of(record: Record) -> list[int]:
    """Return the descriptor that tells of the supervisor's end, if there is one."""
    if _is_here(record):
        with suppress(ProcessLookupError):
            descriptor = open_pid(record.supervisor_pid)
            return [] if descriptor is None else [descriptor]
    return []


def _is_here(record: Record) -> bool:
    return record.pid_namespace in ("", namespace("pid"))


def end_supervisor(record: Record, at: Places, timeout: float) -> None:
    """End a running desktop: ask its supervisor, and kill it after ``timeout`` seconds.

    Raises:
        StopFailed: it is still there after it was killed, or was started outside of this container.
    """
    here = namespace("pid")
    if record.pid_namespace and here and record.pid_namespace != here:
        # Here the number is another process's.
        raise StopFailed(
            record.name,
            "It was started outside of this container, or inside of another one; stop it there, with "
            f"'casa-desktop stop --name {record.name}' or by its page.",
        )
    if is_stopped(record.supervisor_pid):
        # It may have been stopped together with what it was just starting, which it waits for until that is a program.
        reaper.wake(at)
    # The folder's lock is held, so the pid is the supervisor's and nobody else's. A killed launcher's container needs
    # a moment to see it.
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, _AFTER_KILL_SECONDS)):
        try:
            os.kill(record.supervisor_pid, number)
            os.kill(record.supervisor_pid, signal.SIGCONT)
        except ProcessLookupError:
            # It ended by itself just now.
            pass
        if locks.wait_until_free(at.folder, patience):
            return
    # A program that was stopped between fork and exec has the lock of the supervisor that started it.
    reaper.end_marked(at)
    if not locks.wait_until_free(at.folder, _AFTER_KILL_SECONDS):
        raise StopFailed(record.name)


def end_beginner(name: str, at: Places, timeout: float) -> None:
    """End a supervisor that holds the folder and has written no record: it begins, ends, or was stopped doing so.

    Raises:
        StopFailed: it is still there after it was killed.
    """
    if locks.wait_until_free(at.folder, timeout):
        return
    reaper.end_marked(at)
    if not locks.wait_until_free(at.folder, _AFTER_KILL_SECONDS):
        raise StopFailed(name)
