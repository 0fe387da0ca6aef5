"""File descriptors: raise the limit of a process, and wait for descriptors above 1023.

This module does not import Jupyter, and runs on Python 3.8.
"""

from __future__ import annotations

import math
import resource
import select
from contextlib import suppress
from typing import Any, Dict, List, Optional, Sequence, Tuple

# The highest soft limit that is set; it equals systemd's hard limit. Containers may allow 10^9, and a program that
# closes all descriptors it could have inherited, one by one, would then take minutes.
_ENOUGH = 524_288


def raise_limit() -> None:
    """Raise the limit on open files for this process and its children to the hard limit, up to 524288.

    A mosaic of many pointings opens more than 1024 files, the usual soft limit. That limit is low only for the sake of
    programs that use ``select(2)``: https://0pointer.net/blog/file-descriptor-limits.html
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    # A machine may allow fewer than it reports; then the limit stays unchanged.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def readable(sources: Sequence[Any], seconds: Optional[float] = None) -> List[Any]:
    """Wait until a source is readable; return the readable sources, an empty list after the time limit.

    Unlike ``select.select``, it accepts descriptors above 1023. A source at end of file counts as readable.

    Args:
        sources: descriptors, or objects with ``fileno``.
        seconds: time limit; None for no limit.
    """
    return ready(sources, [], seconds)[0]


def ready(sources: Sequence[Any], sinks: Sequence[Any], seconds: Optional[float] = None) -> Tuple[List[Any], List[Any]]:
    """Wait until a source is readable or a sink is writable; return the ready sources and the ready sinks.

    Args:
        sources: descriptors, or objects with ``fileno``, to be read.
        sinks: descriptors, or objects with ``fileno``, to be written. One may be in both sequences.
        seconds: time limit; None for no limit.
    """
    wanted: Dict[int, int] = {}
    for event, ends in ((select.POLLIN, sources), (select.POLLOUT, sinks)):
        for each in ends:
            wanted[_number(each)] = wanted.get(_number(each), 0) | event
    poller = select.poll()
    for number, events in wanted.items():
        poller.register(number, events)
    # Rounded up, because a poll that ends too early would be repeated at once.
    found = dict(poller.poll(None if seconds is None else math.ceil(max(seconds, 0) * 1000)))
    return (
        [each for each in sources if found.get(_number(each), 0) & ~select.POLLOUT],
        [each for each in sinks if found.get(_number(each), 0) & ~select.POLLIN],
    )


def _number(end: Any) -> int:
    return end if isinstance(end, int) else int(end.fileno())
