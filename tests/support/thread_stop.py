"""Stop one thread of another process while its others go on, as a debugger does: ptrace(2)."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from types import TracebackType
from typing import Optional, Type

# ptrace.h and wait.h.
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long] * 4
_libc.ptrace.restype = ctypes.c_long


class StoppedThread:
    """A thread that does nothing until ``go_on``; a context manager, to be left by the thread that entered it.

    Args:
        tid: which; a process's id is also that of its first thread, which draws the windows of Qt's programs.
    """

    def __init__(self, tid: int) -> None:
        self.tid = tid
        _ptrace(_SEIZE, tid)
        _ptrace(_INTERRUPT, tid)
        os.waitpid(tid, _WALL)
        # Whoever traces a process is the first to learn of its end, and nobody else does before.
        threading.Thread(target=self._await_end, daemon=True).start()

    def __enter__(self) -> StoppedThread:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.go_on()

    def _await_end(self) -> None:
        with suppress(ChildProcessError):
            os.waitpid(self.tid, _WALL)

    def go_on(self) -> None:
        """Let the thread go on, if it is still there. Safe to call twice."""
        with suppress(ProcessLookupError):
            _ptrace(_DETACH, self.tid)


def _ptrace(request: int, tid: int) -> None:
    if _libc.ptrace(request, tid, 0, 0) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
