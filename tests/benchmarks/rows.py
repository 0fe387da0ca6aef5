"""Rows for tests: as if a benchmark had run."""

from __future__ import annotations

from typing import Sequence

from .figures import OURS, Figure, Row

PEER = "other"
CLICK = Figure("click to pixel", 0.7, "ms")
FRAMES = Figure("frames", None, "/s", more=True)


def row(
    ours: Sequence[float], peer: Sequence[float], figure: Figure = CLICK, name: str = "p50", disturbed: str = ""
) -> Row:
    """Return the row of a benchmark ``latency`` that has run as often as there are numbers, undisturbed but once."""
    found = Row("latency", "near", name, figure)
    for number, (own, other) in enumerate(zip(ours, peer)):
        found.add(OURS, own, disturbed if number == 0 else "")
        found.add(PEER, other, "")
    return found
