"""Tell in a notebook that its former kernel died of a full disk.

Where CASA cannot write a table that it closes, its whole process ends: a destructor throws, and C++ calls terminate().
Nothing of that process can be shown then. JupyterLab says that the kernel has died, and starts another one with the
same connection file. So the guard of the kernel (``tools.kernel_guard``), which outlives it, looks at the disk at that
moment and leaves a note, whose name is made of that of the connection file.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Optional

from ..checks import working_folder
from ..tools.kernel_guard import NOTE, WORKING_FOLDER
from ..tools.private_folder import PrivateFolder


def notice(private: PrivateFolder, connection: Optional[str]) -> str:
    """Return what the former kernel's guard has noted, as sentences, or nothing; have the next note made.

    Args:
        private: this kernel's folder.
        connection: the path of the connection file, if there is one.
    """
    if connection is None:
        return ""
    name = hashlib.blake2b(os.fsencode(os.path.abspath(connection)), digest_size=8).hexdigest()
    # A name for which no desktop's folder is taken, as in ``runtime.directory``.
    note, link = private.path.parent / f".former-{name}", private.path / NOTE
    make = partial(_link, str(note), link)
    make()
    private.keep(link, make)
    try:
        left, _, place = note.read_bytes().partition(b" ")
        note.unlink()
        return _said(int(left), Path(os.fsdecode(place)))
    except (OSError, ValueError):
        return ""


def _said(left: int, place: Path) -> str:
    # The kernel's start does not need it.
    from casa_desktop.store import sizes

    return (
        f"The former kernel of this notebook died with {sizes.shown(left)} left on the disk that holds {place}. CASA "
        "ends its process where it cannot write a table, and what it was writing is not whole. Make room there, and "
        "run those cells again."
    )


def note_folder(private: Path) -> None:
    """Note the working folder, on whose disk the guard looks if the kernel dies.

    Args:
        private: the kernel's own folder.
    """
    folder, link = working_folder.name(), private / WORKING_FOLDER
    try:
        noted = os.readlink(link)
    except OSError:
        noted = ""
    if noted != folder:
        _link(folder, link)


def _link(target: str, link: Path) -> None:
    partial_link = link.with_suffix(".part")
    with suppress(OSError):
        os.symlink(target, partial_link)
        os.replace(partial_link, link)
