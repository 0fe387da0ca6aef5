"""Copy files and folders, by sharing their blocks where the file system can: XFS, btrfs, overlayfs on them, ZFS.

A clone (FICLONE, see ioctl_ficlonerange(2)) takes some 30 µs whatever the size; the file system copies a block when
either of the two files changes it. Elsewhere copy_file_range(2) copies within the kernel. Holes stay holes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, Tuple

from ..errors import Shortage
from .exchange import room_beside
from .file_systems import FileSystem, of_device
from .states import LOCK

_FICLONE = 0x40049409
_PIECE = 64 << 20
# What copy_file_range(2) answers where it does not apply: other file systems, old kernels.
_NO_RANGES = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_SAMPLE = 16 << 20
_SYSTEMS: Dict[int, FileSystem] = {}


def clone_file(source: str, target: str, mode: int = 0o600) -> bool:
    """Make ``target`` a file with the contents of ``source``, which must not change meanwhile.

    Args:
        source: a regular file.
        target: must not exist.
        mode: permissions of the new file, regardless of the umask.

    Returns:
        Whether the two share their blocks, so that it took no time and no room.

    Raises:
        OSError: one of them cannot be read or written; a Shortage if the disk is full. There is no ``target`` then.
    """
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        return _into(reading, source, target, mode)
    except OSError as error:
        raise Shortage.of(error, Path(target)) or error from error
    finally:
        os.close(reading)


def _into(reading: int, source: str, target: str, mode: int) -> bool:
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        cloned = _cloned(reading, writing, source)
        if not cloned:
            _copy(reading, writing)
        os.fchmod(writing, mode)
    except BaseException as error:
        os.unlink(target)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, target) from error
        raise
    finally:
        os.close(writing)
    return cloned


def _cloned(reading: int, writing: int, source: str) -> bool:
    # ZFS clones no blocks that are not on its disk yet: it fails, and in early releases it gave zeros.
    with suppress(OSError):
        if of_device(os.fstat(reading).st_dev, source, _SYSTEMS).kind == "zfs":
            os.fsync(reading)
        fcntl.ioctl(writing, _FICLONE, reading)
        return True
    return False


def _copy(reading: int, writing: int) -> None:
    size = os.fstat(reading).st_size
    for start, end in _data(reading, size):
        while start < end:
            count = _copied(reading, writing, start, min(_PIECE, end - start))
            if not count:
                raise OSError(errno.EIO, "the file became shorter while it was copied")
            start += count
    os.ftruncate(writing, size)
    if os.fstat(reading).st_size != size:
        raise OSError(errno.EIO, "the file became longer while it was copied")


def _data(reading: int, size: int) -> Iterator[Tuple[int, int]]:
    """Yield the parts of a file that are no holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(reading, end, os.SEEK_DATA)
            end = os.lseek(reading, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:
                yield end, size
            # Else the rest is a hole.
            return
        yield start, end


def _copied(reading: int, writing: int, start: int, count: int) -> int:
    try:
        return os.copy_file_range(reading, writing, count, start, start)
    except OSError as error:
        if error.errno not in _NO_RANGES:
            raise
    data = os.pread(reading, min(count, 1 << 20), start)
    return os.pwrite(writing, data, start)


def clone_tree(source: str, target: str) -> bool:
    """Copy a file or folder with all that lies in it, permissions included, but no ``table.lock`` of tables.

    Returns:
        Whether all files were cloned.

    Raises:
        OSError: as ``clone_file``. What was made so far stays; the caller removes it with the folder in which it lies.
    """
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
        return True
    if not stat.S_ISDIR(status.st_mode):
        return clone_file(source, target, stat.S_IMODE(status.st_mode))
    os.mkdir(target, 0o700)
    names = os.listdir(source)
    if "table.dat" in names:
        names = [name for name in names if name != LOCK]
    cloned = [clone_tree(f"{source}/{name}", f"{target}/{name}") for name in names]
    os.chmod(target, stat.S_IMODE(status.st_mode))
    return all(cloned)


def clones(folder: str) -> bool:
    """Return whether files in a folder can be cloned to that folder: it is tried, once for each file system.

    Raises:
        OSError: nothing can be written there.
    """
    return _clones(os.stat(folder).st_dev, folder)


@lru_cache(maxsize=None)
def _clones(_device: int, folder: str) -> bool:
    with _sample(folder, bytes(8192)) as (source, target):
        return clone_file(source, target)


def copy_speed(folder: str) -> float:
    """Return how fast files in a folder are copied to it, in bytes per second: 16 MB are, once for each file system.

    Raises:
        OSError: nothing can be written there.
    """
    return _speed(os.stat(folder).st_dev, folder)


@lru_cache(maxsize=None)
def _speed(_device: int, folder: str) -> float:
    with _sample(folder, os.urandom(1 << 20) * (_SAMPLE >> 20)) as (source, target):
        start = time.perf_counter()
        with open(source, "rb") as reading, open(target, "wb") as writing:
            _copy(reading.fileno(), writing.fileno())
        return _SAMPLE / max(time.perf_counter() - start, 1e-6)


@contextmanager
def _sample(folder: str, contents: bytes) -> Iterator[Tuple[str, str]]:
    """Yield the path of a new file in a folder, and one beside it where nothing is; both are gone afterwards."""
    with room_beside(Path(folder, "sample")) as place:
        place.mkdir()
        source = f"{place}/source"
        with open(source, "wb") as file:
            file.write(contents)
        yield source, f"{place}/target"
