"""A part of the desktop whose picture is sent as video."""

from __future__ import annotations

from typing import Any, List, NamedTuple

# A frame larger than this takes a processor more than a tenth of a second.
MOST_PIXELS = 1 << 22
LEAST_SIDE = 64
_FARTHEST = 1 << 14


class Area(NamedTuple):
    """A rectangle in pixels of the desktop. Its sides are even: in video two by two pixels share one colour."""

    x: int
    y: int
    width: int
    height: int


def read(value: Any) -> Area:
    """Return an area from JSON.

    Raises:
        ValueError: it is none, or one that cannot be encoded.
    """
    if not isinstance(value, dict):
        raise ValueError("an area that is no object")
    sides: List[Any] = [value.get(key) for key in Area._fields]
    if not all(type(side) is int and 0 <= side <= _FARTHEST for side in sides):
        raise ValueError("an area whose sides are no numbers of pixels")
    area = Area(*sides)
    if area.width % 2 or area.height % 2 or min(area.width, area.height) < LEAST_SIDE:
        raise ValueError("an area of a size that cannot be encoded")
    if area.width * area.height > MOST_PIXELS:
        raise ValueError("an area that is too large")
    return area
