"""Medians, quartiles, percentiles, and where a cost bends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .spread import Spread, linear_up_to, percentiles, ratios, spread

NUMBERS = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30)


def test_one_number_is_its_own_median_and_quartiles() -> None:
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0)


def test_quartiles_are_those_of_the_numbers_themselves() -> None:
    assert spread([5, 1, 3, 2, 4]) == Spread(2, 3, 4)


@given(NUMBERS)
def test_median_lies_between_the_quartiles_and_these_between_the_numbers(numbers: list[float]) -> None:
    found = spread(numbers)
    least, most = min(numbers) * (1 - 1e-9), max(numbers) * (1 + 1e-9)
    assert least <= found.low <= found.median * (1 + 1e-9)
    assert found.median <= found.high * (1 + 1e-9)
    assert found.high <= most


def test_percentiles_of_a_hundred_and_one_times_are_times_among_them() -> None:
    assert percentiles([float(number) for number in range(101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def test_spreads_overlap_where_they_touch() -> None:
    assert Spread(1, 2, 3).overlaps(Spread(3, 4, 5))
    assert not Spread(1, 2, 3).overlaps(Spread(3.1, 4, 5))


def test_ratio_is_that_of_each_round_and_not_of_the_medians() -> None:
    assert ratios([1, 10, 100], [2, 20, 200]) == Spread(0.5, 0.5, 0.5)


@pytest.mark.parametrize("peer", [[], [0.0, 1.0]])
def test_there_is_no_ratio_to_nothing(peer: list[float]) -> None:
    assert ratios([1.0, 1.0], peer) is None


def test_what_costs_the_same_for_each_is_linear_up_to_the_last() -> None:
    assert linear_up_to({1: 100, 5: 300, 10: 550, 20: 1050}) == 20


def test_linearity_ends_before_the_first_number_that_costs_more() -> None:
    assert linear_up_to({1: 100, 5: 300, 10: 550, 20: 1500}) == 10


def test_a_little_more_is_still_linear_and_less_always() -> None:
    assert linear_up_to({1: 100, 5: 300, 10: 600, 20: 700}) == 20
