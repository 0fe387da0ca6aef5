"""Numbers of users for one run of tests alone, so that two runs on a machine do not end each other's processes."""

from __future__ import annotations

import itertools
import socket
from contextlib import suppress
from typing import Tuple

import psutil

from .living import owner

# The first block's first number, and how many numbers a block has.
_FIRST = 20_001
_SIZE = 200


def free_block() -> Tuple[socket.socket, int]:
    """Return the socket that keeps a free block of numbers until it is closed, and the first of them."""
    keeper = socket.socket(socket.AF_UNIX)
    for first in itertools.count(_FIRST, _SIZE):
        # A run that was killed has left its users' processes, perhaps.
        if any((owner(each) or 0) in range(first, first + _SIZE) for each in psutil.process_iter()):
            continue
        with suppress(OSError):
            # A name without a file, which goes with the process.
            keeper.bind(f"\0casa-desktop-uids-{first}")
            return keeper, first
    raise AssertionError("there is no end of numbers")
