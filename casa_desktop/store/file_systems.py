"""What kind of file system a file lies on, and how soon a file's stat shows each change of its contents."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, Optional

_libc = ctypes.CDLL(None, use_errno=True)

# f_type of statfs(2), from linux/magic.h and the file systems' own sources.
_NEAR = {0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs", 0x2FC12FC1: "zfs", 0xF2F52010: "f2fs"}
_FAR = {
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "cifs",
    0x0BD00BD0: "lustre",
    0x47504653: "gpfs",
    0x00C36400: "ceph",
    0x19830326: "beegfs",
}
_MAPPED_UNSEEN = {0x01021994: "tmpfs", 0x858458F6: "ramfs", 0x794C7630: "overlay"}
# ctime there may be no more than mtime, which any program sets (sshfs, vfat): only the contents tell.
_NEVER = {0x65735546: "fuse", 0x4D44: "vfat", 0x2011BAB0: "exfat", 0x01021997: "9p"}

# ext4, XFS and btrfs have multigrain timestamps from Linux 6.13 on: a change after a stat always moves ctime.
_MULTIGRAIN_FROM = (6, 13)
_MULTIGRAIN = {"ext4", "xfs", "btrfs"}
# Elsewhere ctime moves in ticks of at most 10 ms; ccache and git allow two seconds, and so do we.
_TICK = 2.0
# The clocks of a server and of its clients differ, and a client may show an attribute that it has kept for a minute.
_FAR_AGE = 120.0


@dataclass(frozen=True)
class FileSystem:
    """A file system.

    Attributes:
        kind: its name; a number in hexadecimal if it is not known here.
        far: whether other machines write to it. Only opening a file makes sure that its stat is up to date.
        settle: the age in seconds that a file's ctime must have for its stat to prove later that its contents are
            the same; infinite where no stat proves that.
        flush: whether writing a file back makes the next change through a shared mapping move its ctime. Where it does
            not, such a change may go unseen for as long as a process has the file mapped.
    """

    kind: str
    far: bool
    settle: float
    flush: bool


def file_system(path: str) -> FileSystem:
    """Return the file system of what lies at ``path``.

    Raises:
        OSError: nothing is there, or it cannot be reached.
    """
    return _known(_magic(path))


def of_device(device: int, path: str, known: Dict[int, FileSystem]) -> FileSystem:
    """Return the file system of ``path``, whose ``st_dev`` is given, by way of ``known``, which has seen others."""
    found = known.get(device)
    if found is None:
        found = known[device] = file_system(path)
    return found


@lru_cache(maxsize=None)
def _known(magic: int) -> FileSystem:
    for names, far, flush, settle in (
        (_NEAR, False, True, _TICK),
        (_MAPPED_UNSEEN, False, False, _TICK),
        (_FAR, True, True, _FAR_AGE),
    ):
        if magic in names:
            kind = names[magic]
            return FileSystem(kind, far, 0.0 if kind in _MULTIGRAIN and _has_multigrain() else settle, flush)
    return FileSystem(_NEVER.get(magic, f"{magic:#x}"), False, math.inf, False)


def _magic(path: str) -> int:
    # struct statfs is at most 120 bytes long on 64-bit Linux, and begins with f_type, a long.
    buffer = (ctypes.c_ulong * 32)()
    if _libc.statfs(os.fsencode(path), buffer):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return buffer[0] & 0xFFFFFFFF


def _has_multigrain(release: Optional[str] = None) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release if release is None else release)
    return numbers is not None and tuple(map(int, numbers.groups())) >= _MULTIGRAIN_FROM


def write_back(descriptor: int, system: FileSystem) -> None:
    """Write the dirty pages of an open file to its disk, so that the next change through a mapping moves its ctime.

    Linux moves ctime when a page is dirtied, and not again while it stays dirty: msync(2) and the next stores leave the
    stat as it is. A page that was written back is clean, so that the next store is noticed (seen on ext4, XFS, btrfs).

    Raises:
        OSError: the disk is full or damaged.
    """
    if system.kind not in _NEAR.values():
        os.fdatasync(descriptor)
        return
    # It neither writes metadata nor empties the disk's own cache, as fdatasync would for each file.
    whole = ctypes.c_int64(0)
    if _libc.sync_file_range(descriptor, whole, whole, ctypes.c_uint(7)):
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(number, os.strerror(number))
        os.fdatasync(descriptor)
