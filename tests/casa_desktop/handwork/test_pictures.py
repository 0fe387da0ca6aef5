from __future__ import annotations

import io
import re
from typing import Any, Set, Tuple

import numpy as np
import pytest
from PIL import Image

from casa_desktop.handwork.pictures import outline, picture, png
from casa_desktop.handwork.preview import preview

Edge = Tuple[int, int, str]


def _edges(path: str) -> Set[Edge]:
    """Return the edges of pixels that a path goes along: their corner at the upper left, and the direction."""
    found = set()
    for x, y, way, end in re.findall(r"M(\d+) (\d+)([HV])(\d+)", path):
        start = int(x) if way == "H" else int(y)
        for at in range(start, int(end)):
            found.add((at, int(y), way) if way == "H" else (int(x), at, way))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_an_outline_goes_along_each_edge_between_a_pixel_that_is_set_and_one_that_is_not(seed: int) -> None:
    mask = np.random.default_rng(seed).random((7, 9)) < 0.5
    expected: Set[Edge] = set()
    framed = np.pad(mask, 1)
    for row in range(8):
        for column in range(10):
            here = framed[row + 1, column + 1]
            if column < 9 and here != framed[row, column + 1]:
                expected.add((column, row, "H"))
            if row < 7 and here != framed[row + 1, column]:
                expected.add((column, row, "V"))
    assert _edges(outline(mask)) == expected


def test_a_box_is_drawn_with_four_lines() -> None:
    mask = np.zeros((8, 8), bool)
    mask[2:5, 1:7] = True
    assert outline(mask) == "M1 2H7M1 5H7M1 2V5M7 2V5"
    assert outline(np.zeros((3, 3), bool)) == ""


def test_levels_are_a_png_in_which_what_has_no_value_is_transparent() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    image: Any = Image.open(io.BytesIO(png(levels)))
    assert image.size == (32, 8)
    pixels = np.asarray(image.convert("RGBA"))
    assert np.array_equal(pixels[..., 0], levels)
    assert pixels[0, 0, 3] == 0
    assert (pixels.reshape(-1, 4)[1:, 3] == 255).all()


def test_a_large_mask_is_drawn_in_the_size_of_the_residual_s_picture() -> None:
    mask = np.zeros((1000, 600))
    mask[500, 3] = 1
    drawn = picture(mask, preview(np.random.default_rng(1).normal(size=mask.shape)))
    assert (drawn.width, drawn.height) == (250, 150)
    assert "data:image/png" in drawn.svg
    # The first pixel of an image is at the lower left.
    assert 'd="M125 149H126M125 150H126M125 149V150M126 149V150"' in drawn.svg
    assert "data:" not in picture(mask, None).svg
