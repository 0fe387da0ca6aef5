"""Numbers of X displays for desktops in containers, whose X server sees neither the host's locks nor its sockets.

A number is taken as X servers take it: by a file ``/tmp/.X<number>-lock`` that bears a process id.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from .errors import SocketFolderUnsafe, StartFailed
from .xfiles import SOCKETS, answers, lock_of, remove_dead_lock, socket_of

__all__ = ["FIRST", "LAST", "SOCKETS", "claim", "prepare_sockets", "release"]

# X servers that look for a free number by themselves begin at 0.
FIRST, LAST = 1000, 9999
# From 0 on they are 0 and on, all of them: no user namespace but the machine's own.
_EVERY_USER = ["0", "0", "4294967295"]


def prepare_sockets(folder: Path = SOCKETS) -> None:
    """Make the folder of X's sockets, as an X server would that starts first on a machine, and see that it is safe.

    Whoever owns it, or may write to it where it has no sticky bit, can put a socket of his own in a desktop's place,
    and the next program that opens a window would show him the cookie.

    Raises:
        SocketFolderUnsafe: somebody else has made it, or it is not what it should be.
    """
    with suppress(OSError):
        folder.mkdir(mode=0o1777)
        # mkdir goes by the umask.
        folder.chmod(0o1777)
    try:
        fault = _fault(folder.lstat())
    except OSError as error:
        fault = f"{error.strerror}"
    if not fault and not os.access(folder, os.W_OK | os.X_OK):
        fault = "you cannot write to it"
    if fault:
        raise SocketFolderUnsafe(folder, fault)


def _fault(found: os.stat_result) -> str:
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if found.st_uid not in (0, os.geteuid(), _nobody()):
        return f"user {found.st_uid} owns it, and could put sockets of his own in the place of yours"
    if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
        return "it has no sticky bit, so that others could put sockets of their own in the place of yours"
    return ""


def _nobody() -> int:
    """Return what a user without a number here is shown as: in a container without privileges, so is the host's root.

    Source: user_namespaces(7).
    """
    with suppress(OSError, ValueError):
        if Path("/proc/self/uid_map").read_text().split() != _EVERY_USER:
            return int(Path("/proc/sys/kernel/overflowuid").read_text())
    return 0


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
    """Give the number back, with what an X server that was killed has left.

    Where the lock is not this process's any more, as when a cleaner of /tmp took it, the number may be another's.
    """
    try:
        if int(lock_of(number).read_text()) != os.getpid():
            return
    except (OSError, ValueError):
        return
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
