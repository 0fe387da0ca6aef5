"""What X servers keep in /tmp, and leave there when they are killed. Other users' files lie beside them.

Anybody may have made any of these names beforehand, and as whatever: so nothing is followed, waited for or removed
that is not this user's own.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

# X's own form is ten places and a line's end.
_LONGEST_LOCK = 16

SOCKETS = Path("/tmp/.X11-unix")
# A lock is written a moment after its process has begun; clocks of processes and of files differ by less.
_CLOCKS_DIFFER_SECONDS = 2.0


def lock_of(number: int) -> Path:
    """Return the file by which an X server holds the display of this number; it bears a process id."""
    return Path(f"/tmp/.X{number}-lock")


def socket_of(number: int) -> Path:
    """Return the socket where the X server of this number listens."""
    return SOCKETS / f"X{number}"


def remove_dead(display: str) -> None:
    """Remove the socket and the lock of the display, like ``:7``, unless an X server has it.

    Call it when the display's own X server has ended. Another one, perhaps another user's, may have taken the number
    since.
    """
    if not (display[1:].isascii() and display[1:].isdigit()):
        return
    number = int(display[1:])
    # Xvnc 1.12 writes no lock when it finds a display by itself (-displayfd); later ones, and other servers, do.
    remove_dead_lock(number)
    listener = socket_of(number)
    if _is_own(listener) and not answers(listener):
        with suppress(OSError):
            listener.unlink()


def remove_dead_lock(number: int) -> None:
    """Remove the display's lock if it is this user's, and whoever wrote it is dead."""
    path = lock_of(number)
    # It has gone, cannot be read, or is no lock of X's.
    with suppress(OSError, ValueError):
        if _is_dead(path):
            path.unlink()


def _is_dead(path: Path) -> bool:
    """Tell whether a lock is this user's, and the process that wrote it dead.

    Raises:
        OSError, ValueError: it is not there, or names no process.
    """
    # A link could lead to a file without an end, and a pipe would be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return False
        return not _is_alive(int(file.read(_LONGEST_LOCK)), found.st_mtime)


def _is_alive(pid: int, written: float) -> bool:
    """Tell whether the process that wrote a lock lives: its id alone may be another's by now, who began later."""
    # Imported here, because a desktop's end alone needs it.
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() < written + _CLOCKS_DIFFER_SECONDS)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        # Somebody is there, and we may not know more.
        return True


def _is_own(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def answers(path: Path) -> bool:
    """Tell whether somebody listens at a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            connection.connect(str(path))
        except BlockingIOError:
            # So many wait that there is no room for one more.
            return True
        except OSError:
            return False
    return True
