"""Cleans up after a supervisor that was killed; done by the next process that looks.

Its X server and the like end with it (``process.spawn``), unless they are stopped. All that was started on the desktop
bears a mark in its environment, and has it from its first moment on. What is in the supervisor's session is the
desktop's own, and ends; programs in windows lose their X server, and terminals hang up. What is left was detached by
its user, and lives on, as it does when a desktop is stopped.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Dict, List, Optional

from . import locks, runtime
from .errors import RuntimeDirectoryError
from .lastwords import write_last_words
from .process import bearing, end, is_in_session, is_stopped, namespace, resume
from .runtime import Places

if TYPE_CHECKING:
    import psutil

_VARIABLE, _SESSION_VARIABLE = "CASA_DESKTOP_SUPERVISED", "CASA_DESKTOP_SESSION"
_GRACE_SECONDS = 1.0
LOST = "It ended unexpectedly: its supervisor was killed."


def mark(at: Places, session: Optional[int] = None) -> Dict[str, str]:
    """Return the variables by which all that a desktop's supervisor has started is known.

    Args:
        at: the desktop's paths.
        session: the supervisor's; None for the supervisor itself, and in a container, which ends as a whole.
    """
    return {_VARIABLE: str(at.folder), _SESSION_VARIABLE: "" if session is None else str(session)}


def marked(at: Places) -> List[psutil.Process]:
    """Return all processes that bear the desktop's mark, its supervisor too."""
    return bearing(_VARIABLE, str(at.folder))


def wake(at: Places) -> None:
    """Let all of the desktop's own that bears its mark go on, if it was stopped."""
    for each in marked(at):
        if is_stopped(each.pid) and _is_own(each):
            resume(each)


def end_marked(at: Places) -> None:
    """End all of the desktop's own that bears its mark, its supervisor too; let programs see that X has ended."""
    own: List[psutil.Process] = []
    others: List[psutil.Process] = []
    for each in marked(at):
        (own if _is_own(each) else others).append(each)
    end(own, _GRACE_SECONDS)
    for each in others:
        # A window manager's programs lead sessions of their own. One that is stopped does not notice.
        if is_in_session(each, each.pid) and is_stopped(each.pid):
            resume(each)


def _is_own(process: psutil.Process) -> bool:
    import psutil

    try:
        session = process.environ().get(_SESSION_VARIABLE, "")
    except (psutil.Error, OSError):
        # It has just ended.
        return False
    return not session.isdigit() or is_in_session(process, int(session))


def bury(name: str, at: Places) -> None:
    """Remove what is left of a desktop, and say so if it was not stopped. Call it with the root locked.

    Its supervisor must be dead.
    """
    if not at.folder.exists():
        # A supervisor that has ended by itself has done all this.
        return
    if runtime.read_record(at.record) is not None:
        write_last_words(name, LOST, lost=True)
    end_marked(at)
    runtime.clear(at.folder)


def is_dead(at: Places) -> bool:
    """Tell whether a desktop of this pid namespace has ended without being stopped, and was not buried yet."""
    record = runtime.read_record(at.record)
    return record is not None and not locks.is_held(at.folder) and record.pid_namespace in ("", namespace("pid"))


def bury_if_dead(at: Places) -> None:
    """Bury a desktop of this pid namespace that has ended without being stopped; a busy root is left for later.

    A starter that was killed before its supervisor began has left an empty folder, which is removed as well.
    """
    if runtime.read_record(at.record) is None:
        with suppress(RuntimeDirectoryError, OSError), locks.exclusive(at.folder.parent, 0):
            at.folder.rmdir()
        return
    if not is_dead(at):
        return
    with suppress(RuntimeDirectoryError, OSError), locks.exclusive(at.folder.parent, 0):
        # Somebody may just have started it again.
        if is_dead(at):
            bury(at.folder.name, at)
