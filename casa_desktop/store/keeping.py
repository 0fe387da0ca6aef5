"""What of a call has to be kept, and whether that is worth its price."""

from __future__ import annotations

import errno
import os
from typing import Dict, Iterable, Mapping, Optional

from ..errors import NotKept
from . import cloning, sizes
from .models import FOLDER, LINK, NOTHING, Record

# A copy may take so much of the task's own time, or so long in any case, in seconds.
_PART, _UNNOTICED = 0.2, 0.01
# What creating, hashing a stat and renaming a file takes beside the copy, in seconds.
_FOR_EACH_FILE = 100e-6
# Any disk for data is as fast, in bytes per second.
_SLOW = 100e6
# A disk is never filled to its last bytes by what is only convenient: so much stays free, and at most this part of it.
_SPARE, _SPARE_PART = 1_000_000_000, 0.05


def new_contents(record: Record) -> Dict[str, str]:
    """Return the digests of all that a call has made or changed, to the real paths of the files that have it now.

    Raises:
        NotKept: it has changed something that cannot be put back.
    """
    outputs = real_paths(record.after)
    found: Dict[str, str] = {}
    for path, after in record.after.items():
        before = record.before.get(path, NOTHING)
        for name, digest in after.beside.items():
            if not is_within(name, outputs.values()) and before.beside.get(name, digest) != digest:
                raise NotKept(f"{name} was changed, which lies outside of {path}")
        for name, digest in after.files.items():
            if digest != before.files.get(name) and digest != FOLDER and not digest.startswith(LINK):
                found.setdefault(digest, f"{outputs[path]}/{name}" if name else outputs[path])
    return found


def real_paths(paths: Iterable[str]) -> Dict[str, str]:
    """Return where each path leads to: a state is that of what lies there."""
    return {path: os.path.realpath(path) for path in paths}


def is_within(path: str, folders: Iterable[str]) -> bool:
    """Return whether a path is one of others, or lies below one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def sizes_of(files: Mapping[str, str]) -> Dict[str, int]:
    """Return the size of each file, in bytes, by its digest.

    Raises:
        OSError: one is gone.
    """
    return {digest: os.lstat(path).st_size for digest, path in files.items()}


def check_price(size: int, files: int, seconds: float, folder: str) -> None:
    """Check that copying takes not too long beside the task itself.

    Args:
        size: how much is to be copied, in bytes.
        files: in how many files.
        seconds: how long the task took.
        folder: where to. How fast that is, is measured only if it matters.

    Raises:
        NotKept: it would.
    """
    most = max(_PART * seconds, _UNNOTICED)
    if size / _SLOW + files * _FOR_EACH_FILE <= most:
        return
    price = size / cloning.copy_speed(folder) + files * _FOR_EACH_FILE
    if price > most:
        raise NotKept(
            f"{sizes.shown(size)} would have to be copied, which takes about {price:.2g} s, and the task itself took "
            f"{seconds:.2g} s; this disk cannot clone files"
        )


def spare(folder: str) -> int:
    """Return how much of the disk of ``folder`` has to stay free, in bytes."""
    status = os.statvfs(folder)
    return min(_SPARE, int(_SPARE_PART * status.f_blocks * status.f_frsize))


def reason(error: OSError) -> str:
    """Return the reason that the system gives, for a sentence."""
    if isinstance(error, TimeoutError):
        return str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no room is left on the disk"
    where: Optional[object] = error.filename2 or error.filename
    said = error.strerror or str(error)
    return f"{where}: {said}" if where is not None else said
