"""Whether a process may be changing a file or table now, or has changes of it that are not written yet.

CASA keeps what ``tb.putcell`` has changed in memory until the table is closed, and no file's stat shows it. What shows
are open descriptors of this process, and the locks that casacore holds on ``table.lock``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable, Dict, Iterable, Optional

from . import table_locks
from .mappings import shared_writable
from .table_locks import LOCK, Lock

# Returns the first lock in some folders; OSError if it cannot tell.
Asked = Callable[[Iterable[str]], Optional[Lock]]


def why_busy(paths: Iterable[str], asked: Optional[Asked] = None) -> Optional[str]:
    """Return why what lies at some paths may not be as it looks, in a clause such as ``my.ms is open in casaviewer``.

    It returns None if no process is known to use it. Descriptors and mappings are those of this process; locks those
    of all processes of this machine. ``table.lock`` is never opened: closing it would drop this process's own locks.

    Args:
        paths: files, folders and tables, inputs as well as outputs; they need not exist. What a table refers to
            elsewhere (``State.beside``) counts only if it is one of them.
        asked: is asked for locks first, see ``lock_process``; where it cannot tell, /proc/locks is read.
    """
    roots = {os.path.realpath(path): path for path in paths}
    for reason in (_open_for_writing(roots), _mapped(roots), _locked(roots, asked)):
        if reason is not None:
            return reason
    return None


def _open_for_writing(roots: Dict[str, str]) -> Optional[str]:
    for descriptor in os.listdir("/proc/self/fd"):
        # The one that lists them is closed by now.
        with suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            root = _root(path, roots)
            if root is not None and os.path.basename(path) != LOCK and _writable(descriptor):
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


def _locked(roots: Dict[str, str], asked: Optional[Asked]) -> Optional[str]:
    try:
        lock = _first_lock(roots, asked)
    except OSError as error:
        return f"the locks of this machine's processes cannot be seen (/proc/locks: {error.strerror})"
    if lock is None:
        return None
    table = os.path.dirname(lock.file)
    root = _root(table, roots) or table
    where = roots.get(root, root) if table == root else f"{roots.get(root, root)} ({os.path.basename(table)})"
    return f"{where} is {'being written by' if lock.writes else 'open in'} {_process(lock.pid)}"


def _first_lock(roots: Dict[str, str], asked: Optional[Asked]) -> Optional[Lock]:
    if asked is not None:
        with suppress(OSError):
            return asked(roots)
    return table_locks.first_lock(roots)


def _process(pid: int) -> str:
    if pid == os.getpid():
        return "this process"
    with suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return f"{file.read().strip()} (process {pid})"
    return f"process {pid}" if pid > 0 else "a process of another container"
