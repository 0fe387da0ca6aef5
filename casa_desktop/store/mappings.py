"""Which files processes have mapped so that a store to memory changes the file: /proc/PID/maps, see proc(5)."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Iterator, NamedTuple, Set, Tuple


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


def shared_writable(pid: str = "self") -> Iterator[Tuple[int, bytes]]:
    """Yield inode number and path of each file that a process has mapped shared and writable.

    Raises:
        OSError: the process has ended, or belongs to another user.
    """
    with open(f"/proc/{pid}/maps", "rb") as file:
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
