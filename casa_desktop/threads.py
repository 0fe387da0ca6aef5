"""Threads that keep nobody waiting for ever.

``threading.Thread.start`` returns when the new thread has said that it runs. Where a process is at its memory limit,
the thread may end before that, and then who started it waits for ever (seen in CPython 3.11).
"""

from __future__ import annotations

import _thread
from typing import Any, Callable

# All that CPython tells of pthread_create's answer.
NO_THREAD = "can't start new thread"
# A thread begins in far less than a millisecond, unless others have the processors.
_BEGINS_SECONDS = 10.0


def start(function: Callable[..., object], *arguments: Any) -> None:
    """Run a function in a thread of its own, which does not keep the process from ending.

    Without memory it may end at once; whoever needs what it does waits with a time limit.

    Raises:
        RuntimeError: there can be no further thread.
    """
    _thread.start_new_thread(function, arguments)


class Joinable:
    """A thread whose end can be waited for; it does not keep the process from ending.

    It says by releasing locks how far it is, because that needs no memory.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        """Run a function in a thread of its own, which has begun when this returns.

        Raises:
            RuntimeError: there can be no further thread, or it had no memory to begin; in CPython's words.
        """
        self._function = function
        self._may_run, self._begun, self._over = (_thread.allocate_lock() for _ in range(3))
        self._begun.acquire()
        self._over.acquire()
        start(self._run)
        # Whoever has taken the first lock has decided whether the function runs.
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
