"""Locks on folders: who holds one is alive, and two who want one take turns.

The folder itself is locked with flock(2), so that no lock file stays behind. The kernel lets go of the lock when its
process dies, however that comes about; pids would lie after they are used again, or across containers.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from . import threads
from .errors import RuntimeDirectoryError, Shortage


def is_held(folder: Path) -> bool:
    """Tell whether a living supervisor holds ``folder``.

    Raises:
        Shortage: it cannot be told. A desktop that somebody took for dead for that would lose its folder.
    """
    try:
        descriptor = _open(folder)
    except Shortage:
        raise
    except OSError:
        return False
    try:
        # A shared lock, so that two who look at once do not take each other for a supervisor.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return True
    _unlock(descriptor)
    return False


def hold(folder: Path) -> int:
    """Lock ``folder`` until this process ends; return the descriptor that holds the lock."""
    descriptor = _open(folder)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextmanager
def unheld(folder: Path) -> Iterator[int]:
    """Yield a descriptor of a folder that no living process holds, and that none can hold meanwhile.

    Raises:
        OSError: it is not there; BlockingIOError: it is held.
    """
    descriptor = _open(folder, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        # Shared, as in ``is_held``, which looks at the same time.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield descriptor
    finally:
        _unlock(descriptor)


@contextmanager
def exclusive(folder: Path, timeout: float) -> Iterator[int]:
    """Keep other processes out of ``folder`` for the length of a with block; yield the lock's descriptor.

    A process that has inherited the descriptor holds the lock, too, but not for longer than the block, unless this
    process is killed or interrupted.

    Args:
        folder: an existing folder; it is locked itself, so that no lock file stays behind.
        timeout: how long to wait for it, in seconds.

    Raises:
        RuntimeDirectoryError: somebody else kept it for longer.
    """
    deadline = time.monotonic() + timeout
    while True:
        descriptor = _open(folder)
        if not _flock(descriptor, deadline - time.monotonic()):
            raise RuntimeDirectoryError(folder, f"another process has kept it locked for {timeout:g} s. Try again.")
        # Its former holder may have removed the folder, and somebody made it anew: lock that one.
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)
        if time.monotonic() > deadline:
            # In a container a folder that was removed outside is still there, for it is mounted.
            raise RuntimeDirectoryError(folder, "it was removed. Try again.")
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RuntimeDirectoryError(folder, f"it was removed ({error.strerror}). Try again.") from error
    try:
        yield descriptor
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except Exception:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        raise
    finally:
        os.close(descriptor)


def wait_until_free(folder: Path, timeout: float) -> bool:
    """Wait until no supervisor holds ``folder``; return False if one still does after ``timeout`` seconds.

    Raises:
        Shortage: as ``is_held``.
    """
    try:
        descriptor = _open(folder)
    except Shortage:
        raise
    except OSError:
        return True
    free = _flock(descriptor, timeout, fcntl.LOCK_SH)
    if free:
        _unlock(descriptor)
    return free


def _unlock(descriptor: int) -> None:
    """Unlock a folder, and close its descriptor: a process that was forked meanwhile would keep it locked otherwise."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def when_free(folder: Path) -> int:
    """Return a descriptor that can be read as soon as no process holds ``folder``; close it after use.

    Raises:
        OSError: the folder is not there.
    """
    descriptor = _open(folder)
    reader, writer = os.pipe()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _unlock(descriptor)
        os.close(writer)

    threads.start(wait)
    return reader


def _open(path: Path, flags: int = os.O_DIRECTORY) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    except OSError as error:
        raise Shortage.of(error) or error from error


def _flock(descriptor: int, timeout: float, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock within ``timeout`` seconds. On failure the descriptor is the waiting thread's to close."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        # flock(2) knows no time limit, so a thread waits in our stead.
        return _flock_in_thread(descriptor, timeout, kind)
    return True


def _flock_in_thread(descriptor: int, timeout: float, kind: int) -> bool:
    guard, done, given_up = threading.Lock(), threading.Event(), threading.Event()

    def wait() -> None:
        fcntl.flock(descriptor, kind)
        with guard:
            if given_up.is_set():
                _unlock(descriptor)
            done.set()

    threads.start(wait)
    done.wait(max(timeout, 0))
    with guard:
        if not done.is_set():
            given_up.set()
        return done.is_set()


# Linux's open file description locks: fcntl(2). Unlike flock(2) they can be asked after without being taken, so that
# two who look at once do not see each other; and unlike classic record locks they end with their own descriptor.
# fcntl names them from Python 3.9 on.
_F_OFD_GETLK, _F_OFD_SETLK, _F_OFD_SETLKW = 36, 37, 38
# struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = struct.Struct("hhqqi4x")
# The ways to use a desktop, as bytes of its record: a browser shows it; a kernel runs a cell.
VIEW, WORK = 0, 1


def share(file: Path, byte: int = VIEW) -> int:
    """Say that somebody uses ``file``'s desktop, until ``unshare`` gets the returned descriptor; any number may.

    Args:
        file: the desktop's record.
        byte: in which way it is used; each way has a byte of its own.

    Raises:
        OSError: the file is not there; or, as a Shortage, it cannot be opened now.
    """
    descriptor = _open(file, 0)
    # With W, because somebody who waits for the end of sharing holds the byte for himself for a moment.
    fcntl.fcntl(descriptor, _F_OFD_SETLKW, _region(fcntl.F_RDLCK, byte))
    # Whoever wants to know that sharing begins watches the file's attributes by inotify(7).
    os.utime(descriptor)
    return descriptor


def unshare(descriptor: int) -> None:
    """Say that a use is over, for which ``share`` has given the descriptor.

    Closing it alone would not do: it may have been inherited by a process that was forked meanwhile.
    """
    try:
        fcntl.fcntl(descriptor, _F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0))
    finally:
        os.close(descriptor)


def is_shared(file: Path, byte: int = VIEW) -> bool:
    """Tell whether anybody, in any process, holds ``byte`` of ``file`` by ``share``.

    Raises:
        Shortage: it cannot be told.
    """
    try:
        descriptor = _open(file, 0)
    except Shortage:
        raise
    except OSError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, _F_OFD_GETLK, _region(fcntl.F_WRLCK, byte))
    finally:
        os.close(descriptor)
    return bool(_FLOCK.unpack(answer)[0] == fcntl.F_RDLCK)


def wait_until_unshared(file: Path, byte: int = VIEW) -> None:
    """Wait until nobody holds ``byte`` of ``file`` by ``share``, without a time limit: for a thread of its own.

    Raises:
        OSError: the file is not there.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.fcntl(descriptor, _F_OFD_SETLKW, _region(fcntl.F_WRLCK, byte))
    finally:
        os.close(descriptor)


def _region(kind: int, byte: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)
