"""Make CASA's C++ create the FIFOs for its windows' addresses in the kernel's own folder.

CASA creates them in the folder that TMPDIR names, and leaves them there when the process is killed (``vwr-XXXXXXXXXX``
and ``cps-XXXXXXXXXX``; casatools 6.7.0). The kernel's own folder is always removed after the kernel's end.

CASA reads the variable with getenv(3), so ``os.environ`` keeps the user's value, and ``tempfile`` uses that. Programs
that another thread starts meanwhile would inherit the variable, so it is set for as short a time as possible.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import Dict, Iterator, Mapping

from ..errors import writing
from ..tools.private_folder import PrivateFolder
from .spare_descriptors import SpareDescriptors

_NAME = "TMPDIR"


class FifoPlace:
    """Sets this process's TMPDIR, in which CASA's C++ creates FIFOs."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._spare = SpareDescriptors()
        self._is_set = False

    @contextmanager
    def within(self) -> Iterator[None]:
        """Make CASA create its FIFOs in the kernel's own folder within a with block, or until ``give_back``.

        Raises:
            NoRoom, Shortage: as ``writing``; CASA could not open its FIFO.
        """
        with self._turn, writing(self._folder.path):
            self._spare.hold()
            os.putenv(_NAME, str(self._folder.path))
            self._is_set = True
        try:
            yield
        finally:
            self.give_back()

    def give_back(self) -> None:
        """Restore the user's value of the variable, from any thread. Safe to call twice."""
        with self._turn:
            if not self._is_set:
                return
            self._is_set = False
            self._spare.release()
            if _NAME in os.environ:
                os.putenv(_NAME, os.environ[_NAME])
            else:
                os.unsetenv(_NAME)

    def inherited(self, environ: Mapping[str, str]) -> Dict[str, str]:
        """Return the environment of a program that CASA starts within the with block; others get ``environ``."""
        return {**environ, _NAME: str(self._folder.path)}
