"""The longest life of a desktop, where an administrator has set one: then it ends, used or not."""

from __future__ import annotations

import time
from typing import Optional

# poll(2) counts up to 24.8 days.
_LONGEST_WAIT = 86_400.0


class Lifetime:
    """The life of one desktop, from now on.

    Args:
        minutes: how long it lasts at most; 0 for no limit.

    Attributes:
        ends: when it is over, in seconds since the epoch; 0 for never.
        words: why the desktop ends then.
    """

    def __init__(self, minutes: float) -> None:
        self._over = time.monotonic() + minutes * 60 if minutes else None
        self.ends = time.time() + minutes * 60 if minutes else 0.0
        self.words = f"It was ended {minutes:g} minutes after its start, the longest life of a desktop here."

    @property
    def due(self) -> Optional[float]:
        """When ``is_over`` must be asked at the latest, in seconds of ``time.monotonic()``; None for never."""
        return None if self._over is None else min(self._over, time.monotonic() + _LONGEST_WAIT)

    def is_over(self) -> bool:
        """Return whether the desktop must end now."""
        return self._over is not None and self._over <= time.monotonic()
