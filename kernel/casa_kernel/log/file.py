"""Follow CASA's log file by its descriptor.

CASA keeps the file open and appends to it, even if its name changes (casatools 6.7.0): a file that is renamed or
deleted is still the session's log, and one that is truncated is written from its start.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Iterator, List, Optional

_PIECE = 1 << 20
# The rest of a longer line is dropped.
_LONGEST_LINE = 1 << 16
# CASA's default name of its log: the second in which it was imported.
_CASAS_OWN_NAME = re.compile(r"casa-\d{8}-\d{6}\.log")


def reserve(name: str) -> str:
    """Return a name for a new log: ``name``, or a new one if it is CASA's default and another kernel already uses it.

    The file is created, so that two kernels that start in one folder in the same second do not share it.
    """
    path = Path(name)
    if not _CASAS_OWN_NAME.fullmatch(path.name):
        return name
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return str(path.with_name(f"{path.stem}-{os.getpid()}.log"))
    except OSError:
        # CASA itself handles a folder that it cannot write.
        pass
    return name


def name_of(pid: int, path: Path) -> Optional[Path]:
    """Return a name for the file that a process has opened as ``path``, even if the file no longer has that name."""
    names = (str(path), os.path.realpath(path))
    folder = Path(f"/proc/{pid}/fd")
    try:
        links = list(folder.iterdir())
    except OSError:
        return None
    for link in links:
        try:
            if os.readlink(link).partition(" (deleted)")[0] in names:
                return link
        except OSError:
            # It may have been closed.
            continue
    return None


def has_lost(pid: int, path: Path) -> bool:
    """Return whether a process writes into a file that is no longer at ``path``."""
    name = name_of(pid, path)
    try:
        return name is not None and not os.path.samefile(name, path)
    except OSError:
        return True


class LogFile:
    """A log file that is open for reading.

    Attributes:
        path: its path when it was opened.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self._position, self._rest, self._too_long = 0, b"", False

    @classmethod
    def open(cls, path: Path, at_end: bool = True) -> Optional[LogFile]:
        """Open the log at ``path``, at its end or at its beginning; None if there is no readable file."""
        try:
            # Non-blocking, because opening a FIFO would wait for a writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        file = cls(path, descriptor)
        if at_end:
            file.skip()
        return file

    @classmethod
    def opened_by(cls, pid: int, path: Path) -> Optional[LogFile]:
        """Open the file that a process has opened as ``path``, at its end; None if there is none.

        The file may have lost that name.

        Args:
            pid: the process, which may be this one.
            path: the path as the process opened it.
        """
        name = name_of(pid, path)
        return cls.open(name if name is not None else path)

    def close(self) -> None:
        os.close(self._descriptor)

    @property
    def by_descriptor(self) -> str:
        """A path that leads to the file itself, whatever its name is now."""
        return f"/proc/self/fd/{self._descriptor}"

    def is_at(self, path: Path) -> bool:
        """Return whether the file is still at ``path``."""
        try:
            return path == self.path and os.path.samestat(os.stat(path), os.fstat(self._descriptor))
        except OSError:
            return False

    def skip(self) -> None:
        """Go to the end of the file."""
        self._position, self._rest, self._too_long = os.fstat(self._descriptor).st_size, b"", False

    def pieces(self) -> Iterator[List[bytes]]:
        """Yield the complete lines that were written since the last call, some thousand at a time."""
        if os.fstat(self._descriptor).st_size < self._position:
            self._position, self._rest, self._too_long = 0, b"", False
        while True:
            piece = os.pread(self._descriptor, _PIECE, self._position)
            if not piece:
                return
            self._position += len(piece)
            yield self._lines(piece)

    def _lines(self, piece: bytes) -> List[bytes]:
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if self._too_long and lines:
            # The end of a line whose beginning was already yielded.
            del lines[0]
            self._too_long = False
        if len(self._rest) > _LONGEST_LINE:
            if not self._too_long:
                lines.append(self._rest[:_LONGEST_LINE])
            self._rest, self._too_long = b"", True
        return lines
