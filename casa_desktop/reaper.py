"""What a supervisor leaves that was killed, and who ends it: whoever comes next.

Its X server and the like end with it (``process.spawn``), unless they are stopped, and programs that were started on
the desktop to stay may do so. All of them bear a mark in their environment, and have it from their first moment on.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Dict, List

from . import locks, runtime
from .errors import RuntimeDirectoryError
from .lastwords import write_last_words
from .process import bearing, end, is_stopped, namespace
from .runtime import Places

if TYPE_CHECKING:
    import psutil

_VARIABLE = "CASA_DESKTOP_SUPERVISED"
_GRACE_SECONDS = 1.0
LOST = "It ended unexpectedly: its supervisor was killed."


def mark(at: Places) -> Dict[str, str]:
    """Return the variables by which all that a desktop's supervisor has started is known."""
    return {_VARIABLE: str(at.folder)}


def marked(at: Places) -> List[psutil.Process]:
    """Return all processes that bear the desktop's mark, its supervisor too."""
    return bearing(_VARIABLE, str(at.folder))


def wake(at: Places) -> None:
    """Let all that bears the desktop's mark go on, if it was stopped."""
    for each in marked(at):
        if is_stopped(each.pid):
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGCONT)


def end_marked(at: Places) -> None:
    """End all that bears the desktop's mark, its supervisor too."""
    end(marked(at), _GRACE_SECONDS)


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
