"""How many examples of a property are tried where each of them takes a moment."""

from __future__ import annotations

from hypothesis import settings


def percent(number: int) -> int:
    """Return so many percent of the profile's examples: of 100 by default, of more with ``make test-all``."""
    return max(settings.default.max_examples * number // 100, 1)
