"""A kernel's launcher tells the process that started it when the kernel runs, or why it does not."""

from __future__ import annotations

import os
from contextlib import suppress


class Waiting:
    """The pipe to the process that waits for a kernel's launcher.

    Args:
        descriptor: the pipe's file descriptor; empty if no process waits.
    """

    def __init__(self, descriptor: str) -> None:
        self._descriptor = int(descriptor) if descriptor else None

    def tell(self, sentence: str) -> None:
        """Send the reason why the kernel does not run, and close the pipe."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, " ".join(sentence.split()).encode() + b"\n")
        self.close()

    def close(self) -> None:
        """Close the pipe; without a message, this means that the kernel runs. Safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
