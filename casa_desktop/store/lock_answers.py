"""Answer which tables other processes have open: ``lock_answers.py [END]``. It asks Linux by fcntl(2)'s F_GETLK.

This is a separate program because a process loses its locks on a file when it closes any descriptor of it, and the
kernel holds CASA's. Standard input is a socket of type SOCK_SEQPACKET. A question is the absolute paths of files and
folders, joined by NUL. The answer is empty if no table there is open; a question mark if that cannot be told here; else
how the first one is locked, ``PID BYTE WRITE PATH``: the process id, 0 for one that lives in another container and -1
for a lock that belongs to no process; the first locked byte; and 1 for an exclusive lock.

END is a descriptor that refers to the asking process and becomes readable when it ends: what native code has forked
from that holds the socket as well. This imports nothing of ours, so that it can be run by its path.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import struct
import sys
from contextlib import suppress
from typing import Iterator, List, Optional, Tuple

_LOCK = b"table.lock"
_LARGEST_QUESTION = 1 << 16
# 200 files take 3 to 5 ms. /proc/locks takes no longer for more of them, but has to be waited for in any case.
_MOST_FILES, _MOST_FOLDERS = 200, 1000
_UNKNOWN = b"?"
# struct flock: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = struct.Struct("hhqqi0q")
# casacore's bytes of a table.lock: 0 while a process reads or writes, and 1 as long as it has the table open.
_QUESTION = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 2, 0)


def lock_files(roots: List[bytes]) -> Iterator[bytes]:
    """Yield each ``table.lock`` below some folders, one folder after the other.

    Raises:
        OverflowError: there are too many.
    """
    files = folders = 0
    for root in roots:
        waiting = [root]
        while waiting:
            folders += 1
            # It is a file, or there is nothing, or nothing that this user may see.
            with suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name == _LOCK:
                        files += 1
                        yield entry.path
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
            if files > _MOST_FILES or folders > _MOST_FOLDERS:
                raise OverflowError


def holder(path: bytes) -> Optional[Tuple[int, int, bool]]:
    """Return process id, byte and whether it is exclusive of a lock on a file; None if there is none.

    Linux answers about an exclusive lock whether the descriptor may write or not.

    Raises:
        OSError: the file cannot be opened, or its file system knows no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        # It has been removed since it was listed.
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        kind, _, start, _, pid = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _QUESTION))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else (pid, start, kind == fcntl.F_WRLCK)


def answer(question: bytes) -> bytes:
    """Return the answer to a question."""
    try:
        for path in lock_files(question.split(b"\0")):
            lock = holder(path)
            if lock is not None:
                return b"%d %d %d %s" % (*lock, path)
    except (OSError, OverflowError):
        return _UNKNOWN
    return b""


def main(words: List[str]) -> None:
    """Answer questions until the asking process has closed its socket, or has ended."""
    channel, ends = sys.stdin.fileno(), list(map(int, words))
    poll = select.poll()
    for descriptor in (channel, *ends):
        poll.register(descriptor, select.POLLIN)
    while not any(descriptor in ends for descriptor, _ in poll.poll()):
        question = os.read(channel, _LARGEST_QUESTION)
        if not question:
            return
        os.write(channel, b"=" + answer(question))


if __name__ == "__main__":
    with suppress(ConnectionError):
        main(sys.argv[1:])
