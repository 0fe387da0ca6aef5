"""The measure itself: it finds a leak in noise, and none where there is none."""

from __future__ import annotations

import random

import pytest

from .growth import Diary, slope

ROUNDS = range(100, 400, 5)


def _noise(seed: int, size: float) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(0, size) for _ in ROUNDS]


@pytest.mark.parametrize("seed", range(20))
def test_a_leak_that_is_smaller_than_the_noise_is_found(seed: int) -> None:
    found = slope(ROUNDS, [3 * x + e for x, e in zip(ROUNDS, _noise(seed, 200))])
    assert found.low > 1
    assert found.low < 3 < found.high


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_no_leak(seed: int) -> None:
    found = slope(ROUNDS, _noise(seed, 1000))
    assert found.low < 0 < found.high


@pytest.mark.parametrize("seed", range(20))
def test_steps_up_and_down_are_no_leak(seed: int) -> None:
    level, values = 0.0, []
    for step in _noise(seed, 1):
        level = 0.7 * level + step
        values.append(level)
    found = slope(ROUNDS, values)
    assert found.low < 0 < found.high


def test_what_stays_as_it_is_has_no_slope_and_no_error() -> None:
    diary = Diary()
    for number in range(20):
        diary.take(number, {"threads": 7})
    (found,) = diary.slopes().values()
    assert (found.low, found.high) == pytest.approx((0, 0), abs=1e-9)
    assert "threads" in diary.report()
