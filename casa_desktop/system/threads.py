"""Threads whose start cannot block for ever.

``threading.Thread.start`` returns when the new thread has reported that it runs. If the process is at its memory
limit, the thread may end before that, and ``start`` then waits for ever (seen in CPython 3.11).
"""

from __future__ import annotations

import _thread
from typing import Any, Callable

# CPython reports every failure of pthread_create(3) with this text.
NO_THREAD = "can't start new thread"
# A thread begins in far less than a millisecond, unless other threads occupy the processors.
_BEGINS_SECONDS = 10.0


def start(function: Callable[..., object], *arguments: Any) -> None:
    """Run a function in a new thread, which does not keep the process from ending.

    Without memory the thread may end at once; a caller that needs its result must wait with a time limit.

    Raises:
        RuntimeError: no further thread can be started.
    """
    _thread.start_new_thread(function, arguments)


class Joinable:
    """A thread that can be joined; it does not keep the process from ending.

    It reports its progress by releasing locks, because that needs no memory.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        """Run a function in a new thread, and return when that thread has begun.

        Raises:
            RuntimeError: no further thread can be started, or it had no memory to begin; with CPython's message.
        """
        self._function = function
        self._may_run, self._begun, self._over = (_thread.allocate_lock() for _ in range(3))
        self._begun.acquire()
        self._over.acquire()
        start(self._run)
        # The side that takes ``_may_run`` first decides: if the thread does, it runs the function; else it ends.
        if not self._begun.acquire(timeout=_BEGINS_SECONDS) and self._may_run.acquire(blocking=False):
            raise RuntimeError(NO_THREAD)

    def _run(self) -> None:
        if self._may_run.acquire(blocking=False):
            try:
                self._begun.release()
                self._function()
            finally:
                self._over.release()

    def join(self) -> None:
        """Wait until the function has returned or raised."""
        with self._over:
            pass
