"""Threads that nobody waits for to begin.

``threading.Thread.start`` returns when the new thread has said that it runs. Where a process is at its memory limit,
the thread may end before that, and then who started it waits for ever (seen in CPython 3.11).
"""

from __future__ import annotations

import _thread
from typing import Any, Callable


def start(function: Callable[..., object], *arguments: Any) -> None:
    """Run a function in a thread of its own, which does not keep the process from ending.

    Without memory it may end at once; whoever needs what it does waits with a time limit.

    Raises:
        RuntimeError: there can be no further thread.
    """
    _thread.start_new_thread(function, arguments)
