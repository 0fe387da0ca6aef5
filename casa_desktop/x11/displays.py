"""Allocate numbers of X displays for desktops in containers, where the X server sees no locks or sockets of the host.

A number is allocated as by X servers: with a file ``/tmp/.X<number>-lock`` that contains a process id.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from ..errors import SocketFolderUnsafe, StartFailed
from ..runtime.x_files import SOCKETS, answers, lock_of, remove_dead_lock, socket_of

__all__ = ["FIRST", "LAST", "SOCKETS", "claim", "prepare_sockets", "release"]

# X servers that search for a free number begin at 0.
FIRST, LAST = 1000, 9999
# The content of uid_map without a user namespace: all ids are mapped to themselves.
_EVERY_USER = ["0", "0", "4294967295"]


def prepare_sockets(folder: Path = SOCKETS) -> None:
    """Create the folder of X's sockets, like the first X server on a machine, and check that it is safe.

    The owner of the folder, or any user who may write to it if it has no sticky bit, could replace a desktop's socket,
    and would receive the cookie from the next program that opens a window.

    Raises:
        SocketFolderUnsafe: the folder belongs to another user, or has the wrong type or mode.
    """
    with suppress(OSError):
        folder.mkdir(mode=0o1777)
        # mkdir applies the umask.
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
    """Return the user id that stands for unmapped users; in an unprivileged container the host's root is one of them.

    Source: user_namespaces(7).
    """
    with suppress(OSError, ValueError):
        if Path("/proc/self/uid_map").read_text().split() != _EVERY_USER:
            return int(Path("/proc/sys/kernel/overflowuid").read_text())
    return 0


def claim(name: str, *, first: int = FIRST) -> int:
    """Allocate a free number for the desktop ``name``; it belongs to this process until ``release``.

    Raises:
        StartFailed: no number is free.
    """
    for number in range(first, LAST + 1):
        if _take(number):
            return number
    raise StartFailed(name, f"all displays from :{first} to :{LAST} are taken")


def release(number: int) -> None:
    """Free the number, and remove the files that a killed X server has left.

    If the lock file no longer has the id of this process, for example after a cleaner of /tmp has removed it, the
    number may belong to another process, and nothing is removed.
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
    # An X server in a container may have the number, although its lock file is not visible here.
    if answers(socket_of(number)) or not _lock_file_is_ours(number):
        return False
    with suppress(OSError):
        # A killed X server has left it.
        socket_of(number).unlink()
    if socket_of(number).exists():
        release(number)
        return False
    return True


def _lock_file_is_ours(number: int) -> bool:
    # A killed launcher may have left a lock.
    remove_dead_lock(number)
    try:
        descriptor = os.open(lock_of(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except OSError:
        return False
    with os.fdopen(descriptor, "w") as file:
        # The format of X servers: ten characters and a newline.
        file.write(f"{os.getpid():10d}\n")
    return True
