"""How examples of a property are tried where each of them takes a moment, or all of them share a fixture."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Of a property whose examples share a fixture, like a folder in which each writes its file anew.
SHARED = settings(suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.function_scoped_fixture])


def percent(number: int) -> int:
    """Return so many percent of the profile's examples: of 100 by default, of more with ``make test-all``."""
    return max(settings.default.max_examples * number // 100, 1)
