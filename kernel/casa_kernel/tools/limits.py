"""How long, and with how much memory, an idle native tool without windows is kept.

A running tool draws the next picture three times as fast as one that must be started. Tools with windows belong to the
user: they are listed, but never ended here.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence, Tuple

import psutil

from casa_desktop import names

from ..errors import BadKeeping
from .children import Children
from .processes import Child

# Covers an hour of work with pauses to think; casaplotms reaches this size with some tens of millions of points.
MINUTES, MEGABYTES = 15.0, 2000.0
_EVER = math.inf
# Look again at a busy tool after this many seconds.
_BUSY = 5.0


@dataclass
class Limits:
    """The limits for a warm tool.

    Attributes:
        minutes: how long it is kept after its last picture; 0 ends it with its cell, infinity keeps it.
        megabytes: its memory and that of its children, in MB.
    """

    minutes: float = MINUTES
    megabytes: float = MEGABYTES

    def describe(self) -> str:
        """Return the limits as a sentence for the user."""
        if not self.minutes:
            return "Tools without a window end with their cell."
        kept = "until the kernel ends" if self.minutes == _EVER else f"for {self.minutes:g} minutes"
        return f"Tools without a window are kept {kept} after their last picture, up to {self.megabytes:g} MB each."


def from_environment(environ: Mapping[str, str]) -> Limits:
    """Return the limits that ``CASA_DESKTOP_KEEP_TOOLS`` and ``CASA_DESKTOP_TOOL_MEMORY`` set.

    Raises:
        BadKeeping: they make no sense.
    """
    limits = Limits()
    for name, word in ((names.KEEP_TOOLS, "keep"), (names.TOOL_MEMORY, "memory")):
        if environ.get(name):
            change(limits, [word, environ[name]])
    return limits


def change(limits: Limits, words: Sequence[str]) -> None:
    """Change the limits by a line of ``%casa_tools``.

    The words are ``off``, ``keep 30``, ``keep ever``, ``keep off`` or ``memory 500``.

    Raises:
        BadKeeping: the words have no meaning.
    """
    line = " ".join(words).lower()
    if line in ("off", "keep off"):
        limits.minutes = 0
    elif line == "keep ever":
        limits.minutes = _EVER
    elif len(words) == 2 and words[0].lower() == "keep":
        limits.minutes = _number(line, words[1])
    elif len(words) == 2 and words[0].lower() == "memory":
        limits.megabytes = _number(line, words[1])
    else:
        raise BadKeeping(line)


def _number(line: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise BadKeeping(line) from None
    if not 0 < value < _EVER:
        raise BadKeeping(line)
    return value


def tidy(children: Children, limits: Limits) -> Optional[float]:
    """End the tools without windows that have been idle for too long or have grown too large.

    Returns:
        The seconds until the next tool may have to be ended; None if there is none.
    """
    waits: List[float] = []
    for key, child in children.warm():
        rest = 60 * limits.minutes - (time.monotonic() - child.used)
        if child.busy:
            # A thread that the cell has left behind is drawing with it.
            waits.append(_BUSY)
        elif rest <= 0 or memory(child) > limits.megabytes:
            children.drop(key)
        elif rest < _EVER:
            waits.append(rest)
    return min(waits, default=None)


def memory(child: Child) -> float:
    """Return the memory of a tool and its children, in MB."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(child.process.pid)
        for each in (leader, *leader.children(recursive=True)):
            # One helper of the tool that has just ended must not make the total incomplete.
            with suppress(psutil.NoSuchProcess):
                total += float(each.memory_info().rss)
    return total / 1e6


def describe(children: Children, limits: Limits) -> str:
    """Return a table of the running tools, one a line, and the limits."""
    now = time.monotonic()
    rows: List[Tuple[str, ...]] = []
    warm = dict(children.warm())
    for key, child in children.running():
        where = "no window" if key in warm else "on the desktop"
        ages = [f"{(now - moment) / 60:.0f} min" for moment in (child.started, child.used)]
        rows.append((child.tool, where, f"{memory(child):.0f} MB", f"started {ages[0]} ago", f"used {ages[1]} ago"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([*(lines or ["No tool is running."]), limits.describe()])
