"""Whether a process may be changing a file or table now, or has changes of it that are not written yet.

CASA keeps what ``tb.putcell`` has changed in memory until the table is closed, and no file's stat shows it. What shows
are open descriptors of this process, and the locks that casacore holds on ``table.lock`` (casa/IO/LockFile.h): byte 0
while a process reads (shared) or writes (exclusive), byte 1 for as long as it has the table open.

/proc/locks has the locks of all users of this machine, but not those of other machines and containers.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .mappings import shared_writable

_LOCK = "table.lock"
# The bytes of a table.lock.
_READ_OR_WRITE, _OPEN = 0, 1


class _Lock(NamedTuple):
    device: str  # of the file system, as "fe:00"
    pid: int  # of its process; 0 or -1 if that one lives in another container
    exclusive: bool
    byte: int  # the first that it covers


def why_busy(paths: Iterable[str]) -> Optional[str]:
    """Return why what lies at some paths may not be as it looks, in a clause such as ``my.ms is open in casaviewer``.

    It returns None if no process is known to use it. Descriptors and mappings are those of this process; locks those
    of all processes of this machine. ``table.lock`` is never opened: closing it would drop this process's own locks.

    Args:
        paths: files, folders and tables, inputs as well as outputs; they need not exist. What a table refers to
            elsewhere (``State.beside``) counts only if it is one of them.
    """
    roots = {os.path.realpath(path): path for path in paths}
    for reason in (_open_for_writing(roots), _mapped(roots), _locked(roots)):
        if reason is not None:
            return reason
    return None


def _open_for_writing(roots: Dict[str, str]) -> Optional[str]:
    for descriptor in os.listdir("/proc/self/fd"):
        # The one that lists them is closed by now.
        with suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            root = _root(path, roots)
            if root is not None and os.path.basename(path) != _LOCK and _writable(descriptor):
                part = f" ({os.path.relpath(path, root)})" if path != root else ""
                return f"{roots[root]} is open for writing in this process{part}"
    return None


def _writable(descriptor: str) -> bool:
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
        flags = next(int(line.split()[1], 8) for line in file if line.startswith("flags:"))
    # One that was opened with O_PATH has no access at all.
    return flags & os.O_ACCMODE != os.O_RDONLY and not flags & os.O_PATH and not flags & os.O_DIRECTORY


def _mapped(roots: Dict[str, str]) -> Optional[str]:
    for _, name in shared_writable():
        root = _root(os.fsdecode(name), roots)
        if root is not None:
            return f"{roots[root]} is mapped into memory, to be changed, in this process"
    return None


def _root(path: str, roots: Dict[str, str]) -> Optional[str]:
    return next((root for root in roots if path == root or path.startswith(f"{root}/")), None)


def _locked(roots: Dict[str, str]) -> Optional[str]:
    try:
        locks = _locks()
    except OSError as error:
        return f"the locks of this machine's processes cannot be seen (/proc/locks: {error.strerror})"
    if not locks:
        return None
    for root, path in roots.items():
        for file, inode in _lock_files(root):
            for lock in locks.get(inode, ()):
                if _device(file) in (lock.device, None):
                    name = os.path.basename(os.path.dirname(file))
                    where = path if os.path.dirname(file) == root else f"{path} ({name})"
                    return f"{where} is {_use(lock)} {_process(lock.pid)}"
    return None


def _locks() -> Dict[int, List[_Lock]]:
    """Return the locks that could be casacore's, by inode number."""
    found: Dict[int, List[_Lock]] = {}
    with open("/proc/locks", encoding="ascii") as file:
        for line in file:
            # 1: POSIX  ADVISORY  WRITE 1234 fe:00:5678 0 0; what waits for a lock has "->" before POSIX.
            words = line.split()
            if words[1] in ("POSIX", "OFDLCK") and words[6].isdecimal() and int(words[6]) <= _OPEN:
                device, _, inode = words[5].rpartition(":")
                lock = _Lock(device, int(words[4]), words[3] == "WRITE", int(words[6]))
                found.setdefault(int(inode), []).append(lock)
    return found


def _lock_files(root: str) -> Iterator[Tuple[str, int]]:
    """Yield each ``table.lock`` in a tree with its inode number."""
    waiting = [root]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == _LOCK:
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


def _use(lock: _Lock) -> str:
    return "being written by" if lock.exclusive and lock.byte == _READ_OR_WRITE else "open in"


def _process(pid: int) -> str:
    if pid == os.getpid():
        return "this process"
    with suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return f"{file.read().strip()} (process {pid})"
    return f"process {pid}" if pid > 0 else "a process of another container"
