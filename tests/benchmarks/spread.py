"""What several runs say: their median with quartiles, percentiles of many times, and where a cost stops being linear.

Nothing here measures anything.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence


@dataclass(frozen=True)
class Spread:
    """Some numbers in three: the median, and the quartiles around it."""

    low: float
    median: float
    high: float

    def overlaps(self, other: Spread) -> bool:
        """Tell whether the middle halves of both have something in common."""
        return self.low <= other.high and other.low <= self.high


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one number; of a single one, the three are the same."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, median, high)


def percentiles(times: Sequence[float]) -> Dict[str, float]:
    """Return the median, the 95th and the 99th percentile of at least two times."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def linear_up_to(totals: Mapping[int, float], tolerance: float = 0.25) -> int:
    """Return the largest number up to which each further piece costs about what the ones between the first two did.

    Args:
        totals: what so many pieces cost together, by their number; two numbers at least.
        tolerance: so much more than that, as a fraction, still is about the same.
    """
    numbers = sorted(totals)
    steps = list(zip(numbers, numbers[1:]))
    costs = [(totals[after] - totals[before]) / (after - before) for before, after in steps]
    reached = numbers[1]
    for (_, number), cost in list(zip(steps, costs))[1:]:
        if cost > costs[0] * (1 + tolerance):
            break
        reached = number
    return reached


def ratios(ours: Sequence[float], peer: Sequence[float]) -> Optional[Spread]:
    """Return the spread of ours divided by the peer's, round by round; None where the peer has nothing to divide by."""
    if not ours or not peer or min(peer) <= 0:
        return None
    return spread([own / other for own, other in zip(ours, peer)])
