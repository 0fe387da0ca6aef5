"""A sum that processes add to without waiting for each other, in a small file.

Each addition is a line that is appended, which write(2) does at once for all of it. Of a line that is not whole, or
damaged, nothing counts.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import scratch

# So many additions are a file of some kilobytes; more than that are drawn together.
_LONG = 10_000


class Tally:
    """A sum of whole numbers.

    Args:
        file: of the sum; it need not exist.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def total(self) -> int:
        """The sum; 0 if the file cannot be read."""
        total = 0
        with suppress(OSError):
            for line in self._file.read_bytes().split(b"\n"):
                with suppress(ValueError):
                    total += int(line)
        return total

    @property
    def is_long(self) -> bool:
        """Whether it should be drawn together when no other process adds to it."""
        try:
            return os.lstat(self._file).st_size > _LONG
        except OSError:
            return False

    def add(self, number: int) -> None:
        """Add a number.

        Raises:
            OSError: the file cannot be written.
        """
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, b"%d\n" % number)
        finally:
            os.close(descriptor)

    def become(self, number: int) -> None:
        """Replace the sum. What another process adds at the same time may be lost.

        Raises:
            OSError: the file cannot be written; it is unchanged.
        """
        scratch.replace(self._file, b"%d\n" % number)
