"""When the files of a table were last written, and how a time is shown."""

from __future__ import annotations

import calendar
import os
import time
from contextlib import suppress

# Reading rewrites it.
_LOCK = "table.lock"


def written(path: str) -> float:
    """Return when a file, or the youngest file of a table, was last written, in seconds since 1970; 0 if it is gone."""
    youngest = 0.0
    with suppress(OSError):
        if not os.path.isdir(path):
            return os.stat(path).st_mtime
    for folder, _, names in os.walk(path):
        for name in names:
            if name != _LOCK:
                with suppress(OSError):
                    youngest = max(youngest, os.lstat(os.path.join(folder, name)).st_mtime)
    return youngest


def parsed(text: str) -> float:
    """Return the time that a FITS header gives (universal time in ISO 8601), in seconds since 1970; 0 for no time."""
    whole, _, fraction = text.partition(".")
    try:
        return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")
    except ValueError:
        return 0.0


def moment(when: float) -> str:
    """Return a time for the user, local."""
    return time.strftime("%-d %b %Y %H:%M:%S", time.localtime(when)) if when else "an unknown day"
