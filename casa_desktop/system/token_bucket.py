"""Limit a rate with a token bucket. Pure, except for the clock."""

from __future__ import annotations

import time
from typing import Callable


class Budget:
    """A token bucket: allows ``burst`` at once and ``per_second`` in the long run. The bucket may go into debt.

    Args:
        per_second: the amount that is added per second.
        burst: the most that the bucket can hold.
        clock: returns the time in seconds.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._seen = burst, clock()

    def spend(self, amount: float) -> float:
        """Take ``amount``; return the seconds until the bucket is out of debt, 0 if it is not in debt."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._seen) * self._per_second) - amount
        self._seen = now
        return max(0.0, -self._left / self._per_second)
