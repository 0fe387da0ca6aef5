"""What plotms logs of its flagging: one line for each time that it writes flags (casaplotms 2.9.1).

It writes the flags, gives back its lock, closes the table, and then writes the line. It is silent where there is
nothing in the box.
"""

from __future__ import annotations

import calendar
import re
import time
from typing import Iterable, List, NamedTuple, Tuple

from ..log.parser import messages

_DONE = re.compile(r"\b((?:UN)?FLAGGED) (\d+) points among (\d+) in ([\d.]+) ?s")
_TABLE = re.compile(r"^Plotting table (.+?)\s*$", re.MULTILINE)
# A line's time is rounded to seconds.
_ROUNDED = 1.0


class Flagging(NamedTuple):
    """One flagging in a window of plotms.

    Attributes:
        said: what the log says, without the axes.
        points: the number of points, as plotted.
        began: a moment before it, in seconds of the system's clock.
    """

    said: str
    points: int
    began: float


def read(lines: Iterable[bytes]) -> Tuple[List[Flagging], List[str]]:
    """Return the flaggings in some lines of the log, and the names of the tables that plotms has begun to plot."""
    flaggings: List[Flagging] = []
    tables: List[str] = []
    for each in messages(list(lines)):
        if each.origin in ("PlotMS::flag", "PlotMS::unflag"):
            flaggings += _flaggings(each.time, each.text)
        elif each.origin == "PlotMS::load_cache":
            tables += _TABLE.findall(each.text)
    return flaggings, tables


def _flaggings(stamp: str, text: str) -> List[Flagging]:
    try:
        written = calendar.timegm(time.strptime(stamp, "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        # Then nothing proves when it was.
        written = 0
    return [Flagging(match[0], int(match[2]), written - _ROUNDED - float(match[4])) for match in _DONE.finditer(text)]
