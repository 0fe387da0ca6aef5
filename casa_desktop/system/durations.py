"""Durations for people."""

from __future__ import annotations


def shown(seconds: float, digits: int) -> str:
    """Return a duration in its two largest units; below a minute, in seconds with so many digits."""
    if seconds < 60:
        return f"{seconds:.{digits}g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"
