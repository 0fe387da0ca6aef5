"""The files of X servers in /tmp, which remain there when the servers are killed.

Any user may have created these names before, as files of any type. So this module follows no link, waits for no pipe,
and removes only files of this user.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

# The format of X servers is ten characters and a newline.
_LONGEST_LOCK = 16

SOCKETS = Path("/tmp/.X11-unix")
# A process writes its lock after it has begun. The clocks of processes and of files differ by less than this.
_CLOCKS_DIFFER_SECONDS = 2.0


def lock_of(number: int) -> Path:
    """Return the path of the lock file of an X display; the file contains a process id."""
    return Path(f"/tmp/.X{number}-lock")


def socket_of(number: int) -> Path:
    """Return the path of the socket on which the X server of this number listens."""
    return SOCKETS / f"X{number}"


def remove_dead(display: str) -> None:
    """Remove the socket and the lock of a display, like ``:7``, unless an X server uses it.

    Call this when the X server of the display has ended. Another one, perhaps another user's, may use the number by
    now.
    """
    if not (display[1:].isascii() and display[1:].isdigit()):
        return
    number = int(display[1:])
    # Xvnc 1.12 writes no lock if it selects the display itself (-displayfd); later versions and other servers do.
    remove_dead_lock(number)
    listener = socket_of(number)
    if _is_own(listener) and not answers(listener):
        with suppress(OSError):
            listener.unlink()


def remove_dead_lock(number: int) -> None:
    """Remove the display's lock if it belongs to this user, and the process that wrote it is dead."""
    path = lock_of(number)
    # The file is missing, cannot be read, or is not a lock of an X server.
    with suppress(OSError, ValueError):
        if _is_dead(path):
            path.unlink()


def _is_dead(path: Path) -> bool:
    """Return whether a lock belongs to this user, and the process that wrote it is dead.

    Raises:
        OSError, ValueError: the file does not exist, or contains no process id.
    """
    # A link could lead to an endless file, and opening a pipe could block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return False
        return not _is_alive(int(file.read(_LONGEST_LOCK)), found.st_mtime)


def _is_alive(pid: int, written: float) -> bool:
    """Return whether the process that wrote a lock lives; a process with this id that began later is another one."""
    # Imported here, because only the end of a desktop needs it.
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() < written + _CLOCKS_DIFFER_SECONDS)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        # The process exists, but this user may not read its start time.
        return True


def _is_own(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def answers(path: Path) -> bool:
    """Return whether a process listens on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            connection.connect(str(path))
        except BlockingIOError:
            # The queue of the listener is full.
            return True
        except OSError:
            return False
    return True
