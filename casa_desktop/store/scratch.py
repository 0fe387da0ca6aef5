"""What is being made: files and trees that are half done lie where no process looks for whole ones."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

ENDING = ".part"


def replace(path: Path, content: bytes) -> None:
    """Write a file atomically, as only the user may read it; processes that do so at once do not disturb each other.

    Raises:
        OSError: there is no room, or the like. A file that was there is unchanged.
    """
    descriptor, partial = tempfile.mkstemp(dir=path.parent, suffix=ENDING)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)
        raise


def removed(path: Path) -> bool:
    """Remove a file or a folder, also one that has read-only folders; return whether it is gone."""
    with suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
    if os.path.lexists(path):
        shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        for folder, _, _ in os.walk(path):
            with suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    return not os.path.lexists(path)
