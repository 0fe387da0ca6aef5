"""The links that a desktop is looked at through: two round trips, three rates."""

from __future__ import annotations

from .link import Shape

_ROUND_TRIPS = {"0 ms": 0.0, "50 ms": 0.05}
_RATES = {"unlimited": None, "20 Mbit/s": 20e6 / 8, "5 Mbit/s": 5e6 / 8}

LINKS = {
    f"{length}, {width}": Shape(round_trip, rate)
    for length, round_trip in _ROUND_TRIPS.items()
    for width, rate in _RATES.items()
}
NEAR, FAR, MIDDLING, NARROW = "0 ms, unlimited", "50 ms, unlimited", "50 ms, 20 Mbit/s", "50 ms, 5 Mbit/s"
