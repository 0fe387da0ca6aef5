"""What X servers keep in /tmp, and leave there when they are killed. Other users' files lie beside them."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

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
    if not display[1:].isdigit():
        return
    number = int(display[1:])
    # Xvnc 1.12 writes no lock when it finds a display by itself (-displayfd); later ones, and other servers, do.
    remove_dead_lock(number)
    if not answers(socket_of(number)):
        with suppress(OSError):
            socket_of(number).unlink()


def remove_dead_lock(number: int) -> None:
    """Remove the display's lock if whoever wrote it is dead; another user's cannot be removed."""
    path = lock_of(number)
    # It has gone, cannot be read, or is no lock of X's.
    with suppress(OSError, ValueError):
        if not _is_alive(int(path.read_text()), path.stat().st_mtime):
            path.unlink()


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
