"""Which areas are encoded: what the page asks for is checked, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from casa_desktop.video.area import Area, read

GOOD = {"x": 64, "y": 0, "width": 640, "height": 480}


def test_area_of_whole_and_even_sides_is_taken() -> None:
    assert read(GOOD) == Area(64, 0, 640, 480)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [64, 0, 640, 480],
        {},
        {**GOOD, "x": -2},
        {**GOOD, "x": 1 << 20},
        {**GOOD, "y": 1.5},
        {**GOOD, "y": True},
        {**GOOD, "width": 641},
        {**GOOD, "width": 0},
        {**GOOD, "height": 62},
        {**GOOD, "height": "480"},
        {**GOOD, "width": 16384, "height": 16384},
    ],
)
def test_other_areas_are_refused_with_a_reason(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^an area "):
        read(value)
