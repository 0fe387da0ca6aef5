"""The room on the disks to which tasks write.

CASA reports the line of its C++ that could not write, or a consequence, but seldom the reason.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List

from . import working_folder

# In bytes. Tables are written in pieces of some kilobytes, and of some megabytes, the tiles. Where one of these does
# not fit, CASA fails with the rest of the room left. The kernel's guard has the same number.
_NO_ROOM, _LITTLE = 1 << 16, 4 << 20


def full_disks() -> List[str]:
    """Return a sentence for each full disk among those to which a task writes files that the user did not name."""
    found: Dict[int, str] = {}
    for folder in (Path(working_folder.name()), Path.home()):
        if _has_less(folder, _LITTLE):
            found.setdefault(folder.stat().st_dev, sentence(folder, free(os.statvfs(folder))))
    return list(found.values())


def is_full(folder: Path) -> bool:
    """Return whether a folder has no room for a table, or for a message of the log."""
    return _has_less(folder, _NO_ROOM)


def sentence(folder: Path, left: int) -> str:
    """Return, as a sentence, that only so many bytes are left on the disk of a folder."""
    if left < _NO_ROOM:
        return f"No room is left on the disk that holds {folder}."
    # The kernel's start does not need it.
    from casa_desktop.store import sizes

    return f"Only {sizes.shown(left)} are left on the disk that holds {folder}."


def free(space: os.statvfs_result) -> int:
    """Return how much of a disk this user may fill, in bytes."""
    # Root may use the blocks that are reserved for it.
    return space.f_frsize * (space.f_bavail if os.geteuid() else space.f_bfree)


def _has_less(folder: Path, size: int) -> bool:
    try:
        space = os.statvfs(folder)
    except OSError:
        return False
    # File systems such as /proc have no blocks at all.
    return space.f_blocks > 0 and free(space) < size
