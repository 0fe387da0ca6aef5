"""Cleans up after a supervisor that was killed; done by the next process that looks.

The X server and the supervisor's other children end with it (``system.process.spawn``), unless they are stopped. Every
process that was started on the desktop has a mark in its environment from its start. Processes in the supervisor's
session belong to the desktop and are ended. Programs with windows lose their X server, and terminals hang up. What is
left was detached by its user and keeps running, as it does when a desktop is stopped.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Dict, List, Optional

from .. import names
from ..errors import RuntimeDirectoryError
from ..runtime import removal
from ..runtime.directory import Places
from ..runtime.exit_reason import write_last_words
from ..runtime.record import read_record
from ..system import locks
from ..system.process import bearing, end, environment_of, is_in_session, is_stopped, namespace, resume

if TYPE_CHECKING:
    import psutil

_GRACE_SECONDS = 1.0
LOST = "It ended unexpectedly: its supervisor was killed."


def mark(at: Places, session: Optional[int] = None) -> Dict[str, str]:
    """Return the environment variables that mark everything that a desktop's supervisor has started.

    Args:
        at: the desktop's paths.
        session: the supervisor's session; None for the supervisor itself, and in a container, which ends as a whole.
    """
    return {names.SUPERVISED: str(at.folder), names.SESSION: "" if session is None else str(session)}


def marked(at: Places) -> List[psutil.Process]:
    """Return all processes that have the desktop's mark, including its supervisor."""
    return bearing(names.SUPERVISED, str(at.folder))


def wake(at: Places) -> None:
    """Resume the desktop's own marked processes that are stopped."""
    for each in marked(at):
        if is_stopped(each.pid) and _is_own(each):
            resume(each)


def end_marked(at: Places) -> None:
    """End the desktop's own marked processes, including its supervisor; resume others so that they notice X's end."""
    own: List[psutil.Process] = []
    others: List[psutil.Process] = []
    for each in marked(at):
        (own if _is_own(each) else others).append(each)
    end(own, _GRACE_SECONDS)
    for each in others:
        # Programs started by the window manager lead sessions of their own. A stopped one does not notice X's end.
        if is_in_session(each, each.pid) and is_stopped(each.pid):
            resume(each)


def _is_own(process: psutil.Process) -> bool:
    variables = environment_of(process)
    session = variables.get(names.SESSION, "")
    # A process that has just ended has no variables.
    return bool(variables) and (not session.isdigit() or is_in_session(process, int(session)))


def bury(at: Places) -> None:
    """Remove what is left of a desktop, and record the reason if it was not stopped. Call it with the root locked.

    Its supervisor must have ended.
    """
    if not at.folder.exists():
        # A supervisor that has ended normally has done all this itself.
        return
    if read_record(at.record) is not None:
        write_last_words(at.name, LOST, lost=True)
    end_marked(at)
    removal.clear(at.folder)


def is_dead(at: Places) -> bool:
    """Return whether a desktop of this PID namespace has ended without being stopped, and is not cleaned up yet."""
    record = read_record(at.record)
    return record is not None and not locks.is_held(at.folder) and record.pid_namespace in ("", namespace("pid"))


def bury_if_dead(at: Places) -> None:
    """Clean up after a desktop of this PID namespace that has ended without being stopped, if the root is not locked.

    Also remove the empty folder of a starter that was killed before its supervisor started.
    """
    if read_record(at.record) is None:
        with suppress(RuntimeDirectoryError, OSError), locks.exclusive(at.folder.parent, 0):
            at.folder.rmdir()
        return
    if not is_dead(at):
        return
    with suppress(RuntimeDirectoryError, OSError), locks.exclusive(at.folder.parent, 0):
        # Another process may just have started it again.
        if is_dead(at):
            bury(at)
