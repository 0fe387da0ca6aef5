"""Put a new file or folder in the place of another in one step, so that there is always the old one or the new one.

The new one is made in a *room*, a folder beside the old one, which is locked as long as its process lives. Then
renameat2(2) exchanges the two, and the room is removed with the old one in it. A room whose process has died is removed
by ``recover``.

Where the file system cannot exchange (NFS), the room gets a journal, and two renames follow. Between them nothing is
there; ``recover`` makes the second one if the process died in that moment.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from ..errors import NotPutBack, Shortage
from ..system import locks
from .file_systems import FileSystem, file_system, write_back

_libc = ctypes.CDLL(None, use_errno=True)

ROOM = ".casa-room-"
_NEW, _OLD, _JOURNAL = "new", "old", "journal"
_AT_FDCWD = -100
_NOREPLACE, _EXCHANGE = 1, 2
# Their journals keep the order of changes: what was written back before names were exchanged is never lost if the
# exchange is not. They need no fsync(2), which takes milliseconds for each file. btrfs records a file's size later.
_ORDERED = ("ext4", "xfs")
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV)


@contextmanager
def room_beside(target: Path) -> Iterator[Path]:
    """Yield the path at which to make what ``put_back`` then puts at ``target``; what is left there is removed.

    It is on the same file system as ``target``, and nothing is there yet. Links on the way to ``target`` are followed.

    Raises:
        OSError: nothing can be written beside ``target``; a Shortage if the disk is full.
    """
    room, descriptor = _locked_room(_real(target).parent)
    try:
        yield room / _NEW
    finally:
        # An interrupt may have come between two renames.
        for _ in _rolled_forward(room):
            pass
        _remove(room)
        os.close(descriptor)


def _locked_room(folder: Path) -> Tuple[Path, int]:
    while True:
        try:
            room = Path(tempfile.mkdtemp(prefix=ROOM, dir=folder))
        except OSError as error:
            raise Shortage.of(error, folder) or error from error
        # Until it is locked, it looks like that of a process that has died.
        with suppress(FileNotFoundError):
            descriptor = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(room, descriptor):
                return room, descriptor
            os.close(descriptor)


def _is_at(room: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.lstat(room), os.fstat(descriptor))
    return False


def put_back(target: Path, new: Optional[Path], *, cloned: bool = False) -> None:
    """Put ``new``, which was made in a room, at ``target``, where a reader finds the old one or the new one, whole.

    If it replaces something, its data are on the disk before it is in its place, so that not even a power failure
    leaves half of it; which of the two is there then, it does not promise.

    Args:
        target: may exist. A link there stays, and its target is replaced.
        new: None removes what is at ``target``.
        cloned: all files in ``new`` are clones or further names of other files, whose data are on the disk already.

    Raises:
        NotPutBack: what is at ``target`` is as it was. A Shortage: so it is, and the disk is full.
    """
    target = _real(target)
    try:
        if new is None:
            _take_away(target)
        else:
            if not cloned and os.path.lexists(target):
                _settle(str(new), file_system(str(target.parent)))
            _replace(target, new)
    except OSError as error:
        raise Shortage.of(error, target) or NotPutBack(f"{target}: {error.strerror or error}") from error


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _take_away(target: Path) -> None:
    with suppress(FileNotFoundError), room_beside(target) as room:
        os.rename(target, room)


def _replace(target: Path, new: Path) -> None:
    if _renamed(new, target, _EXCHANGE):
        return
    if not os.path.lexists(target):
        # There is nothing to exchange it with; where there is by now, rename(2) replaces no folder with files in it.
        if not _renamed(new, target, _NOREPLACE):
            os.rename(new, target)
    elif not _is_folder(target) and not _is_folder(new):
        os.replace(new, target)
    else:
        _by_two_renames(target, new)


def _renamed(source: Path, target: Path, how: int) -> bool:
    """Rename in one of the ways of renameat2(2); return False where it cannot be done so."""
    if not hasattr(_libc, "renameat2"):  # glibc before 2.28
        return False
    words = (_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(how))
    if not _libc.renameat2(*words):
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED or (how == _EXCHANGE and number == errno.ENOENT and os.path.lexists(source)):
        return False
    raise OSError(number, os.strerror(number), str(target))


def _by_two_renames(target: Path, new: Path) -> None:
    room = new.parent
    journal = room / _JOURNAL
    with open(journal, "w", encoding="ascii") as file:
        json.dump({"target": target.name}, file)
        file.flush()
        os.fsync(file.fileno())
    _sync(str(room))
    os.rename(target, room / _OLD)
    try:
        os.rename(new, target)
    except OSError:
        os.rename(room / _OLD, target)
        raise
    _sync(str(target.parent))


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _settle(path: str, system: FileSystem) -> None:
    """Have the data of a file or folder written to the disk, with all that lies in it."""
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):
        for name in os.listdir(path):
            _settle(f"{path}/{name}", system)
        if system.kind not in _ORDERED:
            _sync(path)
    # A file with another name besides was there before, and has not changed.
    elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        if system.kind in _ORDERED:
            _write_back(path, system)
        else:
            _sync(path)


def _write_back(path: str, system: FileSystem) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        write_back(descriptor, system)
    finally:
        os.close(descriptor)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def recover(folder: Path) -> List[Path]:
    """Finish or remove what processes left in ``folder`` that died while they put something back there.

    Returns:
        The rooms that were removed, and the targets that were put back. What cannot be removed stays, for the next
        time.
    """
    done: List[Path] = []
    for room in sorted(folder.glob(f"{ROOM}*")):
        # Its process lives, or another one recovers it; or it is another user's.
        with suppress(OSError), locks.unheld(room) as descriptor:
            if _is_at(room, descriptor):
                done.extend(_rolled_forward(room))
                _remove(room)
                done.append(room)
    return done


def _rolled_forward(room: Path) -> Iterator[Path]:
    name = _journal(room)
    if name is None:
        return
    target = room.parent / name
    if not os.path.lexists(target):
        # The new one is complete: it was on the disk before the journal was.
        source = room / _NEW if os.path.lexists(room / _NEW) else room / _OLD
        os.rename(source, target)
        _sync(str(target.parent))
        yield target


def _journal(room: Path) -> Optional[str]:
    try:
        value: Any = json.loads((room / _JOURNAL).read_bytes())
        name = value["target"]
    except (OSError, ValueError, KeyError, TypeError):
        # There is none, or it was not finished, and nothing was renamed.
        return None
    return name if isinstance(name, str) and os.path.basename(name) == name and name not in ("", ".", "..") else None


def _remove(room: Path) -> None:
    shutil.rmtree(room, ignore_errors=True)
    if room.exists():
        # Of an ordinary user's table some folders may be read-only.
        for folder, _, _ in os.walk(room):
            with suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(room, ignore_errors=True)
