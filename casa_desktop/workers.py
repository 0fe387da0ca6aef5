"""Blocking work beside an event loop, in threads that are there from the start.

asyncio's own pool starts a thread whenever it lacks one, and waits for it to begin: see ``threads``. A Jupyter server
whose event loop did that at its memory limit would answer nobody any more.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, Callable, TypeVar

# As many as asyncio would take on two processors.
_WORKERS = 6
Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a blocking function without stopping the event loop."""
    return await asyncio.get_running_loop().run_in_executor(workers(), partial(function, *args, **kwargs))


@lru_cache(maxsize=None)
def workers() -> ThreadPoolExecutor:
    """Return this process's threads for ``in_thread``; to be called first while there is memory for them."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="casa-desktop")
    # None of them is idle before all are there, and an idle one would be taken instead of a new one.
    all_there = threading.Barrier(_WORKERS + 1)
    for _ in range(_WORKERS):
        pool.submit(all_there.wait)
    all_there.wait()
    return pool
