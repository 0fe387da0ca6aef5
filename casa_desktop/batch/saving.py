"""Writes the output of a run, so that it is a whole notebook at any moment."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import OutputRefused, Shortage

# In the metadata of a notebook that a run has written.
OURS = "casa_desktop"
# A notebook of 100 MB takes seconds: of a run's time, saving takes at most one part in so many.
_PART = 20


class Output:
    """The notebook that a run writes.

    Attributes:
        notebook: a notebook of nbformat's, which the run fills.
        path: the file.
        size: of the file, in bytes; 0 before it is written.
        trouble: why it could not be saved the last time; empty if it is saved.
    """

    def __init__(self, notebook: Any, path: Path) -> None:
        self.notebook, self.path = notebook, path
        self.size, self.trouble = 0, ""
        # A name of its own length, because that of the output may be as long as the disk allows.
        self._partial = path.parent / f".casa-desktop-{os.getpid()}.part"
        self._due = 0.0

    def is_due(self) -> bool:
        """Return whether it may be saved again: not, if that takes long and has just been done."""
        return time.monotonic() >= self._due

    def save(self) -> bool:
        """Write the notebook as it is now; return whether that worked. The file is unchanged if not.

        The reason is in ``trouble`` then.
        """
        began = time.monotonic()
        try:
            self._write(self.path, self._partial)
            self.trouble = ""
        except OSError as error:
            self.trouble = str(Shortage.of(error, self.path) or f"{self.path}: {error.strerror}")
        ended = time.monotonic()
        self._due = ended + _PART * (ended - began)
        return not self.trouble

    def save_elsewhere(self, folder: Path) -> Path:
        """Write the notebook into a new folder in another one, because its own takes it no more; return the path.

        Raises:
            OSError: that does not work either.
        """
        # Others may write into a folder for temporary files.
        own = Path(tempfile.mkdtemp(prefix="casa-desktop-", dir=folder))
        path = own / self.path.name
        try:
            self._write(path, own / self._partial.name)
        except OSError:
            own.rmdir()
            raise
        return path

    def _write(self, path: Path, partial: Path) -> None:
        from nbformat import v4

        # A message may hold what is no character, like half of a surrogate pair.
        data = f"{v4.writes(self.notebook)}\n".encode("utf-8", "replace")
        try:
            # Of a run that was killed and had this process id.
            partial.unlink(missing_ok=True)
            with open(partial, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise
        self.size = len(data)


def check(path: Path, notebook: Path) -> None:
    """Check that a run may write a file.

    Args:
        path: the file.
        notebook: what will be run.

    Raises:
        OutputRefused: it is the notebook itself, or something that no run has written; or there is no such folder.
    """
    if path.suffix != ".ipynb":
        raise OutputRefused(path, "its name should end in .ipynb")
    if not path.parent.is_dir():
        raise OutputRefused(path, "its folder does not exist; make it first")
    if not path.exists():
        return
    if path.samefile(notebook):
        raise OutputRefused(path, "it is the notebook itself; choose another name with --output")
    if not _is_ours(path):
        raise OutputRefused(path, "it exists, and no run has written it; choose another name with --output")


def _is_ours(path: Path) -> bool:
    from ..system import files

    try:
        found = files.parsed(path.read_bytes())
    except (OSError, ValueError):
        return False
    metadata = found.get("metadata") if isinstance(found, dict) else None
    ours = metadata.get(OURS) if isinstance(metadata, dict) else None
    return isinstance(ours, dict) and "run" in ours
