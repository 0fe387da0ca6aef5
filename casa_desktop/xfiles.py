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
from typing import Optional

# X's own form is ten places and a line's end.
_LONGEST_LOCK = 16


def remove_dead(display: str) -> None:
    """Remove the socket and the lock of the display, like ``:7``, unless an X server has it.

    Call it when the display's own X server has ended. Another one, perhaps another user's, may have taken the number
    since.
    """
    number = display[1:]
    if not (number.isascii() and number.isdigit()):
        return
    # Xvnc 1.12 writes no lock when it finds a display by itself (-displayfd); later ones, and other servers, do.
    remove_dead_lock(Path(f"/tmp/.X{number}-lock"))
    listener = Path(f"/tmp/.X11-unix/X{number}")
    if _is_own(listener) and not answers(listener):
        with suppress(OSError):
            listener.unlink()


def remove_dead_lock(path: Path) -> None:
    """Remove a lock of this user's if the process that it names has ended."""
    with suppress(OSError, ValueError):
        pid = _locked_by(path)
        if pid is not None and not Path(f"/proc/{pid}").exists():
            path.unlink()


def _locked_by(path: Path) -> Optional[int]:
    """Return the process that a lock names; None where it is not a file of this user's.

    Raises:
        OSError, ValueError: it is not there, or names none.
    """
    # A link could lead to a file without an end, and a pipe would be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return None
        return int(file.read(_LONGEST_LOCK))


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
