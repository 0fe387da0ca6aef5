"""The locks that casacore holds on ``table.lock`` (casa/IO/LockFile.h), as /proc/locks has them.

It has the locks of all users of this machine, but not those of other machines and containers. After a pause of a
twentieth of a second Linux takes 6 to 20 ms until it tells the first of them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

LOCK = "table.lock"
# The bytes of a table.lock: the first while a process reads (shared) or writes (exclusive), the second for as long as
# it has the table open.
_READ_OR_WRITE, _OPEN = 0, 1


class Lock(NamedTuple):
    """A lock of a process.

    Attributes:
        file: the path of the ``table.lock``.
        pid: of its process; 0 or -1 if that one lives in another container.
        writes: whether the process may be changing the table at this moment.
    """

    file: str
    pid: int
    writes: bool

    @classmethod
    def of(cls, file: str, pid: int, byte: int, exclusive: bool) -> Lock:
        """Return a lock on a file that begins at a byte of it."""
        return cls(file, pid, exclusive and byte == _READ_OR_WRITE)


class _Line(NamedTuple):
    device: str  # of the file system, as "fe:00"
    pid: int
    exclusive: bool
    byte: int  # the first that it covers


def first_lock(roots: Iterable[str]) -> Optional[Lock]:
    """Return the first lock on a ``table.lock`` in some folders; None if there is none.

    No ``table.lock`` is opened: closing it would drop this process's own locks.

    Args:
        roots: absolute paths, with links resolved; they need not exist.

    Raises:
        OSError: /proc/locks cannot be read.
    """
    lines = _lines()
    for root in roots if lines else ():
        for file, inode in _lock_files(root):
            for line in lines.get(inode, ()):
                if _device(file) in (line.device, None):
                    return Lock.of(file, line.pid, line.byte, line.exclusive)
    return None


def _lines() -> Dict[int, List[_Line]]:
    """Return the locks that could be casacore's, by inode number."""
    found: Dict[int, List[_Line]] = {}
    with open("/proc/locks", encoding="ascii") as file:
        for line in file:
            # 1: POSIX  ADVISORY  WRITE 1234 fe:00:5678 0 0; what waits for a lock has "->" before POSIX.
            words = line.split()
            if words[1] in ("POSIX", "OFDLCK") and words[6].isdecimal() and int(words[6]) <= _OPEN:
                device, _, inode = words[5].rpartition(":")
                lock = _Line(device, int(words[4]), words[3] == "WRITE", int(words[6]))
                found.setdefault(int(inode), []).append(lock)
    return found


def _lock_files(root: str) -> Iterator[Tuple[str, int]]:
    """Yield each ``table.lock`` in a tree with its inode number."""
    waiting = [root]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == LOCK:
                    yield entry.path, entry.inode()
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _device(path: str) -> Optional[str]:
    """Return the device of a file's file system as /proc/locks has it: that of stat is another one on btrfs.

    It returns None where that is not to be found, as after chroot(2).
    """
    # It opens the folder for no access, and ``table.lock`` not at all.
    try:
        descriptor = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            mount = next(line.split()[1] for line in file if line.startswith("mnt_id:"))
    finally:
        os.close(descriptor)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        numbers = next((words[2] for words in map(str.split, file) if words[0] == mount), None)
    return numbers and ":".join(f"{int(number):02x}" for number in numbers.split(":"))
