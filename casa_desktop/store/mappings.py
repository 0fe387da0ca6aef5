"""Which files processes have mapped so that a store to memory changes the file: /proc/PID/maps, see proc(5).

A process of CASA's has some 2,000 mappings, whose text takes the system milliseconds to write. From Linux 6.11 on it
answers a question for those that are looked for, ``PROCMAP_QUERY`` in linux/fs.h, in microseconds.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import time
from contextlib import suppress
from typing import BinaryIO, Iterator, List, NamedTuple, Optional, Set, Tuple

# Inode number and path.
Mapping = Tuple[int, bytes]

_PROCMAP_QUERY = 0xC0686611
# size, query_flags, query_addr; vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode; dev_major, dev_minor,
# vma_name_size, build_id_size; vma_name_addr, build_id_addr
_QUERY = struct.Struct("=9Q4I2Q")
_END, _INODE, _NAME_SIZE = 4, 8, 11
_WRITABLE, _SHARED, _COVERING_OR_NEXT, _FILE_BACKED = 0x02, 0x08, 0x10, 0x20
_WANTED = _WRITABLE | _SHARED | _COVERING_OR_NEXT | _FILE_BACKED
# A path, and what the system writes behind that of a removed file.
_LONGEST_NAME = 4096 + 64


class Mapped(NamedTuple):
    """The files that were mapped shared and writable at one moment.

    Device numbers in maps are not those of stat on btrfs and overlayfs, so that either inode or path is enough.
    """

    time: float  # in seconds since 1970
    inodes: Set[int]
    paths: Set[bytes]

    def has(self, path: str, inode: int) -> bool:
        """Whether a file was among them."""
        return inode in self.inodes or os.fsencode(path) in self.paths


def shared_writable(pid: str = "self") -> Iterator[Mapping]:
    """Yield inode number and path of each file that a process has mapped shared and writable.

    Raises:
        OSError: the process has ended, or belongs to another user.
    """
    with open(f"/proc/{pid}/maps", "rb") as file:
        answered = _asked(file.fileno())
        yield from _read(file) if answered is None else answered


def _asked(maps: int) -> Optional[List[Mapping]]:
    """Return what the system answers; None where it cannot be asked."""
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    found: List[Mapping] = []
    address = 0
    while True:
        query = bytearray(
            _QUERY.pack(_QUERY.size, _WANTED, address, *[0] * 8, _LONGEST_NAME, 0, ctypes.addressof(name), 0)
        )
        try:
            fcntl.ioctl(maps, _PROCMAP_QUERY, query)
        except OSError as error:
            # There is no further one. Any other error is that of an older system, or of one that only resembles Linux.
            return found if error.errno == errno.ENOENT else None
        answer = _QUERY.unpack(query)
        found.append((answer[_INODE], name.raw[: max(answer[_NAME_SIZE] - 1, 0)]))
        address = answer[_END]


def _read(file: BinaryIO) -> Iterator[Mapping]:
    for line in file:
        # 7f0c4c000000-7f0c4c001000 rw-s 00000000 fe:00 1234    /data/my.ms/table.f0
        if b"s " in line[:48]:
            words = line.rstrip(b"\n").split(maxsplit=5)
            if len(words) == 6 and words[1][1:2] == b"w" and words[1][3:4] == b"s":
                yield int(words[4]), words[5]


def mapped_files() -> Mapped:
    """Look at all processes that this one may look at; some 0.1 s on a busy machine."""
    found = Mapped(time.time(), set(), set())
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        # It has ended, or is another user's.
        with suppress(OSError):
            for inode, path in shared_writable(pid):
                found.inodes.add(inode)
                found.paths.add(path)
    return found
