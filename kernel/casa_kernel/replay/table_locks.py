"""Read from a ``table.lock`` how often a table was changed: casacore counts there, for each data manager.

The count rises by one when a process that has changed something gives its lock back. Never read it in a process in
which CASA has the table open: closing the file would drop CASA's locks on it.
"""

from __future__ import annotations

import os
import struct
from typing import Tuple

# The part that all processes share begins behind a list of the processes that ask for a lock (casacore,
# LockFile.cc); it is the length of its data, then a record of AipsIO: TableSyncData.
_START = 260
_HEADER = struct.Struct(">II4xI4sI")
_MAGIC = 0xBEBEBEBE
_NAME = b"sync"
_BLOCK = b"Block"


def counts(path: str) -> Tuple[int, ...]:
    """Return the count of each data manager of a table; nothing if it was not changed since its ``table.lock`` was new.

    Raises:
        ValueError: the file does not say.
        OSError: it cannot be read.
    """
    descriptor = os.open(f"{path}/table.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        data = os.pread(descriptor, 1 << 20, _START)
    finally:
        os.close(descriptor)
    if not data:
        # The first change makes it 1.
        return ()
    try:
        length, magic, name_length, name, _version = _HEADER.unpack_from(data)
        if magic != _MAGIC or name_length != len(_NAME) or name != _NAME or len(data) < length + 4:
            raise ValueError("it has another form")
        # Rows, columns, and the counts of all changes and of changes of the description; then a Block.
        start = _HEADER.size + 4 * 4
        (block_length,) = struct.unpack_from(">4xI", data, start)
        if block_length != len(_BLOCK) or data[start + 8 : start + 13] != _BLOCK:
            raise ValueError("it has another form")
        (number,) = struct.unpack_from(">4xI", data, start + 13)
        return struct.unpack_from(f">{number}I", data, start + 21)
    except struct.error as error:
        raise ValueError("it is cut short") from error
