"""Locks on folders: they show that a process lives, and let processes take turns.

The folder itself is locked with flock(2), so that no lock file remains. The kernel releases the lock when its process
dies, whatever the cause. Process ids are not reliable instead: they are reused, and they differ between containers.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Callable, Iterator, Optional

from ..errors import RuntimeDirectoryError, Shortage
from . import threads


def is_held(folder: Path) -> bool:
    """Return whether a living supervisor holds the lock of ``folder``.

    Raises:
        Shortage: the lock cannot be tested now. To return False would be wrong: the folder of a running desktop could
            then be removed.
    """
    try:
        descriptor = _open(folder)
    except Shortage:
        raise
    except OSError:
        return False
    try:
        # A shared lock, so that two processes that test at the same time do not mistake each other for a supervisor.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return True
    _unlock(descriptor)
    return False


def hold(folder: Path) -> int:
    """Lock ``folder`` until this process ends; return the descriptor of the lock."""
    descriptor = _open(folder)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextmanager
def unheld(folder: Path) -> Iterator[int]:
    """Yield a descriptor of a folder that no process has locked; no process can lock it within the with block.

    Raises:
        OSError: the folder does not exist. BlockingIOError: a process has locked it.
    """
    descriptor = _open(folder, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        # Shared, because ``is_held`` may test the folder at the same time.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield descriptor
    finally:
        _unlock(descriptor)


@contextmanager
def exclusive(folder: Path, timeout: float) -> Iterator[int]:
    """Lock ``folder`` exclusively for the length of a with block; yield the descriptor of the lock.

    A process that has inherited the descriptor holds the lock as well. The end of the block releases it for both,
    unless this process is killed or interrupted.

    Args:
        folder: an existing folder. It is locked itself, so that no lock file remains.
        timeout: how long to wait for the lock, in seconds.

    Raises:
        RuntimeDirectoryError: another process held the lock for longer.
    """
    deadline = time.monotonic() + timeout
    while True:
        descriptor = _open(folder)
        if not _flock(descriptor, deadline - time.monotonic()):
            raise _kept_locked(folder, timeout)
        # The former holder of the lock may have removed the folder, and another process made a new one: lock that one.
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)
        if time.monotonic() > deadline:
            # In a container the folder is mounted, so it still exists there after it was removed outside.
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


def _kept_locked(folder: Path, seconds: float) -> RuntimeDirectoryError:
    return RuntimeDirectoryError(folder, f"another process has kept it locked for {seconds:g} s. Try again.")


@contextmanager
def turn(file: Path, timeout: float, *, shared: bool = False) -> Iterator[bool]:
    """Lock a file for the length of a with block; yield whether that succeeded within ``timeout`` seconds.

    Args:
        file: made if it does not exist. A folder will not do here: NFS locks only files that are open for writing.
        timeout: 0 does not wait.
        shared: let others hold the lock as well that want it shared. For that, a file that is only readable will do.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    descriptor = _lock_file(file, shared)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if timeout <= 0:
            os.close(descriptor)
            descriptor = -1
        elif not _flock_in_thread(descriptor, timeout, kind):
            descriptor = -1
    except OSError:
        os.close(descriptor)
        raise
    try:
        yield descriptor >= 0
    finally:
        if descriptor >= 0:
            _unlock(descriptor)


def taken(file: Path, timeout: float) -> Optional[int]:
    """Lock a file; return the descriptor, or None if others have kept the lock for ``timeout`` seconds.

    The lock ends when the descriptor is closed, here and in each process that has inherited it.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    descriptor = _lock_file(file, shared=False)
    try:
        return descriptor if _flock(descriptor, timeout) else None
    except OSError:
        os.close(descriptor)
        raise


def wait_for(file: Path) -> None:
    """Wait until nobody holds the lock of a file exclusively; as long as that takes.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    descriptor = _lock_file(file, shared=True)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _lock_file(file: Path, shared: bool) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if not shared or error.errno not in (errno.EROFS, errno.EACCES):
            raise
        return os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def wait_until_free(folder: Path, timeout: float) -> bool:
    """Wait until no supervisor holds the lock of ``folder``; return False if one still does after ``timeout`` seconds.

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
    """Unlock a folder, then close its descriptor.

    Closing alone is not enough: a process that was forked meanwhile would keep the folder locked.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def when_free(folder: Path) -> int:
    """Return a descriptor that becomes readable when no process holds the lock of ``folder``; close it after use.

    Raises:
        OSError: the folder does not exist.
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
    """Lock within ``timeout`` seconds. On failure the waiting thread closes the descriptor."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        # flock(2) has no time limit, so a thread waits for it.
        return _flock_in_thread(descriptor, timeout, kind)
    return True


def _flock_in_thread(descriptor: int, timeout: float, kind: int) -> bool:
    return _in_thread(lambda: fcntl.flock(descriptor, kind), lambda: _unlock(descriptor), timeout)


def _in_thread(lock: Callable[[], object], unlock: Callable[[], object], timeout: float) -> bool:
    guard, done, given_up = threading.Lock(), threading.Event(), threading.Event()

    def wait() -> None:
        lock()
        with guard:
            if given_up.is_set():
                unlock()
            done.set()

    threads.start(wait)
    done.wait(max(timeout, 0))
    with guard:
        if not done.is_set():
            given_up.set()
        return done.is_set()


# Linux's open file description locks: fcntl(2). Unlike flock(2), they can be tested without being taken, so two
# processes that test at the same time do not see each other. Unlike classic record locks, they end with their own
# descriptor. The module fcntl has these constants only from Python 3.9 on.
_F_OFD_GETLK, _F_OFD_SETLK, _F_OFD_SETLKW = 36, 37, 38
# struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = struct.Struct("hhqqi4x")
# The two uses of a desktop, as bytes of its record: a browser shows the desktop; a kernel runs a cell.
VIEW, WORK = 0, 1
# How long to wait for a process that has noticed the end of all uses, which then does nothing but unlock.
_NOTICED_SECONDS = 2.0


def share(file: Path, byte: int = VIEW) -> int:
    """Mark a desktop as used, until the returned descriptor is passed to ``unshare``.

    Any number of processes may do so at the same time.

    Args:
        file: the desktop's record.
        byte: the kind of use, ``VIEW`` or ``WORK``.

    Raises:
        OSError: the file does not exist. A Shortage: it cannot be opened now.
        RuntimeDirectoryError: a process has kept the byte locked.
    """
    descriptor, region = _open(file, 0), _region(fcntl.F_RDLCK, byte)
    try:
        fcntl.fcntl(descriptor, _F_OFD_SETLK, region)
    except BlockingIOError:
        # ``wait_until_unshared`` holds the byte exclusively for a moment, or longer if its process was stopped.
        locked = partial(fcntl.fcntl, descriptor, _F_OFD_SETLKW, region)
        if not _in_thread(locked, partial(unshare, descriptor), _NOTICED_SECONDS):
            raise _kept_locked(file.parent, _NOTICED_SECONDS) from None
    # Processes that wait until a use begins watch the file's attributes by inotify(7).
    os.utime(descriptor)
    return descriptor


def unshare(descriptor: int) -> None:
    """End a use; ``descriptor`` is what ``share`` returned.

    Closing alone is not enough: a process that was forked meanwhile may have inherited the descriptor.
    """
    try:
        fcntl.fcntl(descriptor, _F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0))
    finally:
        os.close(descriptor)


def is_shared(file: Path, byte: int = VIEW) -> bool:
    """Return whether any process, this one included, holds ``byte`` of ``file`` by ``share``.

    Raises:
        Shortage: the lock cannot be tested now.
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
    """Wait until no process holds ``byte`` of ``file`` by ``share``. Call it in its own thread: it has no time limit.

    Raises:
        OSError: the file does not exist.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.fcntl(descriptor, _F_OFD_SETLKW, _region(fcntl.F_WRLCK, byte))
    finally:
        os.close(descriptor)


def _region(kind: int, byte: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)
