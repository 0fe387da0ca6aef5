"""Removes the folders of desktops and kernels, and what X keeps elsewhere for them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Optional

from ..errors import Shortage
from ..system import locks, open_folder
from . import x_files
from .directory import Places
from .location import configured_root
from .record import read_record


def clear(folder: Path, descriptor: Optional[int] = None) -> None:
    """Remove a dead desktop's folder, and the files that its X server left; it is no error if they are missing.

    Args:
        folder: path of the folder.
        descriptor: descriptor of the folder to remove, for the process that has created or locked it; another folder
            that now has the same path is left alone. Without it, the folder at the path is removed, unless a living
            process has locked it.
    """
    if descriptor is not None:
        if open_folder.is_at(folder, descriptor):
            _remove_x_files(folder)
        open_folder.remove(folder, descriptor)
        return
    with suppress(OSError), locks.unheld(folder) as dead:
        _remove_x_files(folder)
        open_folder.remove(folder, dead)


def _remove_x_files(folder: Path) -> None:
    with suppress(Shortage):
        record = read_record(Places(folder).record)
        if record is not None:
            # The X server may have been killed together with the supervisor, as at the end of their container.
            x_files.remove_dead(record.display)


def remove_root_if_empty(root: Optional[Path] = None) -> None:
    """Remove a root, by default the one for new desktops, if it is empty. The caller must have locked the root."""
    # This fails if there are other desktops, or another process is just starting one.
    with suppress(OSError):
        (root or configured_root()).rmdir()
