"""Prove that CASA's C++ can open the files that it opens without a check, before it does.

CASA starts a window's program through a pipe, opens the FIFO for its address with fopen(3), and connects to it. It does
not check the result of fopen: without a descriptor left, it crashes, and with it the kernel (casatools 6.7.0,
``grpcInteractiveClean.cc``).
"""

from __future__ import annotations

import os
from typing import List

# The pipe, the FIFO and gRPC's connection take fewer than that.
_NEEDED = 16
# These stay open until the window's program has started, so that no other thread can use up what fopen needs.
_HELD = 4


class SpareDescriptors:
    """Descriptors that are kept for CASA."""

    def __init__(self) -> None:
        self._held: List[int] = []

    def hold(self) -> None:
        """Keep some descriptors.

        Raises:
            OSError: too few are left.
        """
        opened: List[int] = []
        try:
            while len(opened) < _NEEDED:
                opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            self._held, opened = [*self._held, *opened[:_HELD]], opened[_HELD:]
        finally:
            for each in opened:
                os.close(each)

    def release(self) -> None:
        """Let them go. Safe to call twice."""
        held, self._held = self._held, []
        for each in held:
            os.close(each)
