"""Numbers of users for one run of tests alone, so that two runs on a machine do not end each other's processes."""

from __future__ import annotations

import itertools
import socket
from contextlib import suppress
from pathlib import Path
from typing import Set, Tuple

import psutil

from .living import owner

# The first block's first number, and how many numbers a block has.
_FIRST = 20_001
_SIZE = 200
# Where all users of a machine may leave files.
_SHARED = (Path("/tmp"), Path("/tmp/.X11-unix"), Path("/var/tmp"), Path("/dev/shm"))


def free_block() -> Tuple[socket.socket, int]:
    """Return the socket that keeps a free block of numbers until it is closed, and the first of them."""
    keeper = socket.socket(socket.AF_UNIX)
    for first in itertools.count(_FIRST, _SIZE):
        # A run that was killed has left its users' processes, perhaps, and their files where all have some.
        if not _present().isdisjoint(range(first, first + _SIZE)):
            continue
        with suppress(OSError):
            # A name without a file, which goes with the process.
            keeper.bind(f"\0casa-desktop-uids-{first}")
            return keeper, first
    raise AssertionError("there is no end of numbers")


def _present() -> Set[int]:
    """Return the numbers of users who have a process, or something in the folders for all."""
    found = {owner(each) or 0 for each in psutil.process_iter()}
    for path in itertools.chain.from_iterable(folder.glob("*") for folder in _SHARED):
        # It may be removed meanwhile.
        with suppress(FileNotFoundError):
            found.add(path.lstat().st_uid)
    return found
