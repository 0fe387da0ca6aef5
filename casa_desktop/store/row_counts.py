"""What ``table.lock`` tells beside locks: how many rows a table has. ``table.dat`` may have an older number.

casacore writes into the first 260 bytes which processes wait for the table (casa/IO/LockFile.h). Behind them it notes
the number of rows and counts of changes when a process has written to the table (TableSyncData), so that others see
them without reading ``table.dat``, which it leaves as it is. Without them a table that CASA's tasks have made may be
short of rows, or empty.
"""

from __future__ import annotations

import os
from typing import Dict, Iterator

from .references import TABLE
from .table_locks import LOCK

_WAITING = 260
# What is there grows by 4 bytes for each data manager of the table.
_LONGEST = 1 << 16
# In hexadecimal digits: lengths, names, the number of rows in 4 or 8 bytes. The counters of changes only tell those who
# have the table open that there were some.
_TO_COUNTERS = 2 * 32


def row_counts(path: str) -> Dict[str, str]:
    """Return what the ``table.lock`` of each table in a folder tells of its rows.

    Call it only where this process has none of these tables open, and no other thread may open one: closing a
    ``table.lock`` drops all locks of this process on it.

    Args:
        path: a file or folder; there need be none.

    Returns:
        The path of each table below it, "" for itself, to that text in hexadecimal; only of those that have one.

    Raises:
        OSError: one cannot be read.
    """
    root = os.path.realpath(path)
    found = {folder[len(root) + 1 :]: _read(folder) for folder in _tables(root)}
    return {name: text for name, text in found.items() if text}


def _tables(root: str) -> Iterator[str]:
    waiting = [root] if os.path.isdir(root) else []
    while waiting:
        folder, names = waiting.pop(), set()
        with os.scandir(folder) as entries:
            for entry in entries:
                names.add(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        if LOCK in names and TABLE in names:
            yield folder


def _read(folder: str) -> str:
    descriptor = os.open(f"{folder}/{LOCK}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return os.pread(descriptor, _LONGEST, _WAITING).hex()
    finally:
        os.close(descriptor)


def agree(lock: str, text: str) -> bool:
    """Return whether a ``table.lock`` that exists tells of as many rows as a text of ``row_counts``.

    Call it only where ``row_counts`` may be called.

    Raises:
        OSError: it cannot be read.
    """
    live = _read(os.path.dirname(lock))
    return len(live) == len(text) and live[:_TO_COUNTERS] == text[:_TO_COUNTERS]


def write(lock: str, text: str) -> None:
    """Make a ``table.lock``, where none is, for which no process waits.

    Args:
        lock: its path.
        text: from ``row_counts``.

    Raises:
        OSError: there is no room, or the like.
        ValueError: it is another text.
    """
    content = bytes(_WAITING) + bytes.fromhex(text)
    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
