"""Where CASA's C++ makes the FIFOs through which its windows say their address: in the kernel's own folder.

It makes them in the folder that TMPDIR names, and leaves them there when the process is killed (``vwr-XXXXXXXXXX`` and
``cps-XXXXXXXXXX``; casatools 6.7.0). What is in the kernel's own folder ends with the kernel, however that comes.

CASA reads the variable with getenv(3), so ``os.environ`` stays as the user has it, and with it ``tempfile``. Programs
that another thread starts meanwhile would inherit it; so it is set for as short as can be.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import Dict, Iterator, Mapping

from .children import PrivateFolder

_NAME = "TMPDIR"


class FifoPlace:
    """The variable of this process that says where CASA's C++ makes FIFOs."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._is_set = False

    @contextmanager
    def within(self) -> Iterator[None]:
        """Have CASA make its FIFOs in the kernel's own folder within a with block, or until ``give_back``."""
        with self._turn:
            os.putenv(_NAME, str(self._folder.path))
            self._is_set = True
        try:
            yield
        finally:
            self.give_back()

    def give_back(self) -> None:
        """Set the variable to what the user has again, from any thread. Safe to call twice."""
        with self._turn:
            if not self._is_set:
                return
            self._is_set = False
            if _NAME in os.environ:
                os.putenv(_NAME, os.environ[_NAME])
            else:
                os.unsetenv(_NAME)

    def inherited(self, environ: Mapping[str, str]) -> Dict[str, str]:
        """Return what a program inherits that CASA starts within the with block, where others inherit ``environ``."""
        return {**environ, _NAME: str(self._folder.path)}
