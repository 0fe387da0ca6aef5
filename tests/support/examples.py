"""How examples of a property are tried where each of them takes a moment, or all of them share a fixture."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# For ``suppress_health_check`` of a test whose examples share its fixtures; the second as in every test (conftest).
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def percent(number: int) -> int:
    """Return so many percent of the profile's examples: of 100 by default, of more with ``make test-all``."""
    return max(settings.default.max_examples * number // 100, 1)
