"""Run blocking work beside an event loop, in threads that are started in advance.

asyncio's own pool starts a thread when it needs one, and waits until the thread has begun; at the memory limit that
wait may never end (see ``system.threads``). The event loop of a Jupyter server would then answer no more requests.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, Callable, TypeVar

# As many threads as asyncio would use on two processors.
_WORKERS = 6
Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a blocking function without stopping the event loop."""
    return await asyncio.get_running_loop().run_in_executor(workers(), partial(function, *args, **kwargs))


@lru_cache(maxsize=None)
def workers() -> ThreadPoolExecutor:
    """Return the thread pool of ``in_thread``. Call it once early, while there is memory to start the threads."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="casa-desktop")
    # The pool starts a new thread only if none is idle. The barrier keeps each one busy until all have started.
    all_there = threading.Barrier(_WORKERS + 1)
    for _ in range(_WORKERS):
        pool.submit(all_there.wait)
    all_there.wait()
    return pool
