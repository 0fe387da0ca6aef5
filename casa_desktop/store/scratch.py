"""Folders for what is being made: half made trees, which nobody else looks at."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from ..system import locks

PREFIX = ".casa-reuse-new-"


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """Make a folder in a folder of the user's, and remove it afterwards, with what killed processes have left there.

    Raises:
        OSError: it cannot be made.
    """
    for each in folder.glob(f"{PREFIX}*"):
        # The process that works in it holds its lock.
        with suppress(OSError), locks.unheld(each):
            removed(each)
    own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    descriptor = locks.hold(own)
    try:
        yield own
    finally:
        removed(own)
        os.close(descriptor)


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
