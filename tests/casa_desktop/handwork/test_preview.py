from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest

from casa_desktop.handwork.preview import BLANK, SIDE, _small, preview


def _noise(*shape: int) -> Any:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def test_noise_is_grey_and_the_source_in_it_white() -> None:
    image = _noise(128, 96, 1, 1)
    image[30, 40] = 15
    picture = preview(image)
    assert picture.pixels.shape == (128, 96)
    assert picture.pixels[30, 40] == 255
    assert abs(np.median(picture.pixels) - 255 * 4 / 19) < 5
    assert picture.low == pytest.approx(-4, rel=0.1)
    assert picture.high == 15


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("value", [30, -30])
def test_a_large_image_is_made_small_and_keeps_its_point_sources(order: Any, value: float) -> None:
    image = np.asarray(_noise(1000, 700, 1, 1), order=order)
    image[513, 402] = value
    picture = preview(image)
    assert picture.pixels.shape == (250, 175)
    assert picture.pixels.size < SIDE * SIDE
    assert picture.pixels[513 // 4, 402 // 4] == (255 if value > 0 else 1)
    # The noise is as strong as in the large image.
    assert np.std(picture.pixels[:100]) / 254 * (picture.high - picture.low) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("masked", "plane"), [((), (1, 2)), ((0,), (0, 0)), ((0, 3), (1, 0))], ids=["no mask", "one", "two"]
)
def test_of_a_cube_the_plane_with_the_highest_peak_below_a_mask_is_shown(
    masked: Tuple[int, ...], plane: Tuple[int, ...]
) -> None:
    cube, mask = np.asarray(_noise(32, 32, 2, 3), order="F"), np.zeros((32, 32, 2, 3))
    cube[4, 5, 1, 2], cube[9, 9, 1, 0] = -50, 40
    for each in masked:
        mask[(3, 3, *np.unravel_index(each, (2, 3)))] = 1
    picture = preview(cube, mask)
    assert picture.plane == plane
    assert np.array_equal(picture.pixels, preview(cube[(slice(None), slice(None), *plane)]).pixels)


def test_pixels_without_a_value_are_blank() -> None:
    image = _noise(20, 20)
    image[3, 4], image[5, 6] = np.nan, np.inf
    assert np.argwhere(preview(image).pixels == BLANK).tolist() == [[3, 4], [5, 6]]
    assert (preview(np.full((20, 20), np.nan)).pixels == BLANK).all()


@pytest.mark.parametrize("image", [np.zeros((4, 9, 1, 2)), np.eye(6), np.ones((1, 1))])
def test_an_image_without_noise_has_a_picture(image: Any) -> None:
    picture = preview(image)
    assert picture.high > picture.low
    assert (picture.pixels != BLANK).all()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_plane_of_whole_blocks_looks_as_if_it_had_others(order: Any) -> None:
    image = np.random.default_rng(7).normal(size=(1024, 768)).astype(np.float32)
    image[500, 300], image[501, 301], image[10, 20] = 40.0, -50.0, np.nan
    # One more row makes a last block that is not whole.
    whole, padded = (_small(np.asarray(each, order=order), 1.0) for each in (image, np.pad(image, ((0, 0), (0, 1)))))
    assert whole.shape == (256, 192)
    assert np.array_equal(whole, padded[:, :192], equal_nan=True)
    assert (whole[125, 75], np.nanmin(whole)) == (-50, -50)
