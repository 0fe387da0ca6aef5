"""Numbers of X displays for desktops in containers, whose X server sees neither the host's locks nor its sockets.

A number is taken as X servers take it: by a file ``/tmp/.X<number>-lock`` that bears a process id.
"""

from __future__ import annotations

import os
from contextlib import suppress

from .errors import StartFailed
from .xfiles import SOCKETS, answers, lock_of, remove_dead_lock, socket_of

__all__ = ["FIRST", "LAST", "SOCKETS", "claim", "prepare_sockets", "release"]

# X servers that look for a free number by themselves begin at 0.
FIRST, LAST = 1000, 9999


def prepare_sockets() -> None:
    """Make the folder of X's sockets, as an X server would that starts first on a machine."""
    with suppress(FileExistsError):
        SOCKETS.mkdir(mode=0o1777)
        # mkdir goes by the umask.
        SOCKETS.chmod(0o1777)


def claim(name: str, *, first: int = FIRST) -> int:
    """Take a free number for the desktop ``name``; it is this process's until ``release``.

    Raises:
        StartFailed: there is none.
    """
    for number in range(first, LAST + 1):
        if _take(number):
            return number
    raise StartFailed(name, f"all displays from :{first} to :{LAST} are taken")


def release(number: int) -> None:
    """Give the number back, with what an X server that was killed has left."""
    for path in (socket_of(number), lock_of(number)):
        with suppress(OSError):
            path.unlink()


def _take(number: int) -> bool:
    # One in a container may be there, whose lock file is not seen here.
    if answers(socket_of(number)) or not _lock_file_is_ours(number):
        return False
    with suppress(OSError):
        # What a killed X server has left.
        socket_of(number).unlink()
    if socket_of(number).exists():
        release(number)
        return False
    return True


def _lock_file_is_ours(number: int) -> bool:
    # What a launcher that was killed has left.
    remove_dead_lock(number)
    try:
        descriptor = os.open(lock_of(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except OSError:
        return False
    with os.fdopen(descriptor, "w") as file:
        # X's own form: ten places and a line's end.
        file.write(f"{os.getpid():10d}\n")
    return True
