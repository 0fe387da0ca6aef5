"""Descriptors: how many a process may have, and waiting for those beyond the first 1024.

No Jupyter here, and Python 3.8 is enough.
"""

from __future__ import annotations

import math
import resource
import select
from contextlib import suppress
from typing import Any, Dict, List, Optional, Sequence, Tuple

# The highest soft limit that is asked for; systemd's own hard one. Containers may allow 10^9, and a program that closes
# all that it could have inherited, one by one, is busy with so many for minutes.
_ENOUGH = 524_288


def raise_limit() -> None:
    """Let this process, and those that it starts, have as many files open as its hard limit allows.

    A mosaic of many pointings opens more than 1024, which is the usual soft limit. That is so low for programs that
    wait with ``select(2)`` alone: https://0pointer.net/blog/file-descriptor-limits.html
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # A machine may allow fewer than it says; then the limit is what it was.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def readable(sources: Sequence[Any], seconds: Optional[float] = None) -> List[Any]:
    """Wait until something can be read; return the sources that can be, none if it takes too long.

    Unlike ``select.select`` it takes descriptors above 1023. What has ended counts as readable.

    Args:
        sources: descriptors, or objects with ``fileno``.
        seconds: how long to wait; None for ever.

    Raises:
        KeyboardInterrupt: as ever.
    """
    return ready(sources, [], seconds)[0]


def ready(sources: Sequence[Any], sinks: Sequence[Any], seconds: Optional[float] = None) -> Tuple[List[Any], List[Any]]:
    """Wait as ``readable`` does, also until something can be written; return the sources and the sinks that are ready.

    Args:
        sources: descriptors, or objects with ``fileno``, to be read.
        sinks: the same to be written; one may be in both.
        seconds: how long to wait; None for ever.

    Raises:
        KeyboardInterrupt: as ever.
    """
    wanted: Dict[int, int] = {}
    for event, ends in ((select.POLLIN, sources), (select.POLLOUT, sinks)):
        for each in ends:
            wanted[_number(each)] = wanted.get(_number(each), 0) | event
    poller = select.poll()
    for number, events in wanted.items():
        poller.register(number, events)
    # Rounded up: a poll that is over too early would be repeated at once.
    found = dict(poller.poll(None if seconds is None else math.ceil(max(seconds, 0) * 1000)))
    return (
        [each for each in sources if found.get(_number(each), 0) & ~select.POLLOUT],
        [each for each in sinks if found.get(_number(each), 0) & ~select.POLLIN],
    )


def _number(end: Any) -> int:
    return end if isinstance(end, int) else int(end.fileno())
