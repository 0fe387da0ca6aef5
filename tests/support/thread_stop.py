"""Stop one thread of another process while its others go on, as a debugger does: ptrace(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Optional, Type

# ptrace.h and wait.h.
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000
# PIDFD_THREAD of pidfd_open(2), from Linux 6.9 on.
_OF_A_THREAD = os.O_EXCL

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
        # Whoever traces a process is the first to learn of its end, and nobody else does before. A thread that waited
        # with waitpid(2) would also be told of its stops, and beyond ``go_on``.
        self._process = _descriptor(tid)
        self._woken, self._wake = os.pipe()
        self._watcher = threading.Thread(target=self._await_end, daemon=True)
        self._watcher.start()

    def __enter__(self) -> StoppedThread:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.go_on()

    def _await_end(self) -> None:
        if self._process in select.select([self._process, self._woken], [], [])[0]:
            with suppress(ChildProcessError):
                os.waitpid(self.tid, _WALL)

    def go_on(self) -> None:
        """Let the thread go on, if it is still there. Safe to call twice."""
        if self._wake == -1:
            return
        with suppress(ProcessLookupError):
            _ptrace(_DETACH, self.tid)
        os.write(self._wake, b".")
        self._watcher.join()
        for each in (self._process, self._woken, self._wake):
            os.close(each)
        self._wake = -1


def _descriptor(tid: int) -> int:
    """Return a descriptor that becomes readable when a thread ends, or its process where Linux has none for threads."""
    try:
        return os.pidfd_open(tid, _OF_A_THREAD)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        words = Path(f"/proc/{tid}/status").read_text(encoding="utf-8", errors="replace").split()
        return os.pidfd_open(int(words[words.index("Tgid:") + 1]))


def _ptrace(request: int, tid: int) -> None:
    if _libc.ptrace(request, tid, 0, 0) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
