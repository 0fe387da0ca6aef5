"""The order of runs, and how many there are."""

from __future__ import annotations

import pytest

from .plan import alternation, chosen, minutes, rounds_of


def test_sides_take_turns_and_each_round_has_all_of_them() -> None:
    assert alternation(["A", "B"], 3) == [(0, "A"), (0, "B"), (1, "A"), (1, "B"), (2, "A"), (2, "B")]


@pytest.mark.parametrize(("asked", "quick", "rounds"), [(None, False, 5), (None, True, 1), (3, False, 3), (3, True, 3)])
def test_number_of_rounds_is_what_was_asked_for_before_anything_else(
    asked: int | None, quick: bool, rounds: int
) -> None:
    assert rounds_of(5, asked, quick) == rounds


def test_minutes_are_those_of_all_rounds() -> None:
    assert minutes(90, 4) == 6.0


@pytest.mark.parametrize(
    ("parts", "names"),
    [((), ["film, near", "film, far", "noise, far"]), (("film, f", "noise"), ["film, far", "noise, far"])],
)
def test_names_are_chosen_by_their_parts(parts: tuple[str, ...], names: list[str]) -> None:
    assert chosen(["film, near", "film, far", "noise, far"], parts) == names
