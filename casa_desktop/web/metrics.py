"""What Prometheus is told of the desktops: in its default registry, which Jupyter Server's own ``/metrics`` shows.

The numbers are those of this server's process, except that of the desktops: it counts all that its user has running.
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import Iterator

from prometheus_client import Counter, Gauge, Histogram

from ..desktop.registry import living
from ..errors import CasaDesktopError
from ..runtime import directory

DESKTOPS = Gauge("casa_desktop_desktops", "All desktops of this server's user that are running.")
VIEWS = Gauge("casa_desktop_views", "Views that show a desktop now: the owner's, and those of guests.", ["kind"])
OPENED = Counter("casa_desktop_views_opened", "Views that were opened.", ["kind"])
START_SECONDS = Histogram(
    "casa_desktop_start_seconds",
    "From the request for a desktop that did not run until it ran.",
    buckets=(0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20, math.inf),
)
START_FAILURES = Counter("casa_desktop_start_failures", "Requests for a desktop that could not be started.")
SENT = Counter("casa_desktop_sent_bytes", "Bytes of RFB from desktops to browsers.")
RECEIVED = Counter("casa_desktop_received_bytes", "Bytes of RFB from browsers, before they are filtered.")


def kind(share: str) -> str:
    """Return the label of a view that came through the share link ``share``; empty for the owner's own view."""
    return "guest" if share else "owner"


for _kind in ("owner", "guest"):
    # A rate needs a first value: the numbers are there before the first view.
    VIEWS.labels(_kind)
    OPENED.labels(_kind)


def joined(share: str) -> None:
    """Count a view that was opened."""
    OPENED.labels(kind(share)).inc()
    VIEWS.labels(kind(share)).inc()


def left(share: str) -> None:
    """Count a view that has closed."""
    VIEWS.labels(kind(share)).dec()


@contextmanager
def starting() -> Iterator[None]:
    """Measure the start of a desktop, or count that it failed."""
    begun = time.monotonic()
    try:
        yield
    except Exception:
        START_FAILURES.inc()
        raise
    START_SECONDS.observe(time.monotonic() - begun)


def _running() -> float:
    """Return the number of running desktops; NaN if that cannot be told now, so that the other numbers are served."""
    try:
        return sum(living(at) is not None for at in directory.everywhere())
    except (OSError, CasaDesktopError):
        return math.nan


# Counted when it is asked for: events of starts and ends come a moment later.
DESKTOPS.set_function(_running)
