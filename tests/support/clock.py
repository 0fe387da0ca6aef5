"""A clock for the few promises that are a time."""

from __future__ import annotations

import time

import psutil


def own_time() -> float:
    """Return seconds of a clock that stands still while the host has this machine's processors."""
    return time.monotonic() - psutil.cpu_times().steal / psutil.cpu_count()
