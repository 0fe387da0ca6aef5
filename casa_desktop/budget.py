"""How much may be spent in a second: a token bucket. Pure, but for its clock."""

from __future__ import annotations

import time
from typing import Callable


class Budget:
    """Lets ``burst`` be spent at once and ``per_second`` in the long run; more than that is lent, against time.

    Args:
        per_second: how much comes in within a second.
        burst: how much is kept at most.
        clock: the time, in seconds.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._seen = burst, clock()

    def spend(self, amount: float) -> float:
        """Take ``amount``; return after how many seconds it is paid for, 0 if it is now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._seen) * self._per_second) - amount
        self._seen = now
        return max(0.0, -self._left / self._per_second)
