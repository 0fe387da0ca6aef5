"""What comes of runs: who does best, whether a target is met, and what the machine did."""

from __future__ import annotations

import pytest

from .figures import FLOOR, LIMIT, OURS, Figure, Row
from .rows import CLICK, FRAMES, PEER, row


def test_less_is_better_unless_the_figure_says_more() -> None:
    assert row([4, 5, 6], [9, 10, 11]).best == OURS
    assert row([4, 5, 6], [9, 10, 11], FRAMES).best == PEER


def test_nobody_is_best_where_the_spreads_overlap() -> None:
    assert row([4, 5, 6, 10], [5, 6, 7, 5.5]).best == "even"


def test_nobody_is_best_by_a_hair() -> None:
    assert row([45.2], [45.1]).best == "even"
    assert row([45.2], [44.0]).best == PEER


@pytest.mark.parametrize("floor", [FLOOR, LIMIT])
def test_floor_is_never_the_best_for_nobody_can_have_it(floor: str) -> None:
    found = row([4, 5, 6], [9, 10, 11])
    found.add(floor, 1.0, "")
    assert found.best == OURS


def test_target_of_ours_alone_is_met_beside_a_floor() -> None:
    found = Row("reuse", "", "hit", Figure("hit", 10.0, "ms", target="ours"))
    for side, value in ((OURS, 7.0), (LIMIT, 0.3)):
        found.add(side, value, "")
    assert found.verdict == "met"


@pytest.mark.parametrize(("ours", "verdict"), [([6, 7, 6.5], "met"), ([8, 9, 8.5], "MISSED")])
def test_target_is_about_the_median_of_the_ratios(ours: list[float], verdict: str) -> None:
    assert row(ours, [10, 10, 10]).verdict == verdict


def test_difference_and_ours_alone_can_be_targets_too() -> None:
    assert row([12], [10], Figure("more", 5, "ms", target="difference")).verdict == "met"
    assert row([16], [10], Figure("more", 5, "ms", target="difference")).verdict == "MISSED"
    assert row([16], [1], Figure("ours", 20, "ms", target="ours")).verdict == "met"


def test_target_that_wants_more_is_the_least() -> None:
    assert row([30], [10], Figure("frames", 3.0, "/s", more=True)).verdict == "met"
    assert row([29], [10], Figure("frames", 3.0, "/s", more=True)).verdict == "MISSED"


def test_figure_without_target_or_without_ours_has_no_verdict() -> None:
    assert row([1], [1], FRAMES).verdict == ""
    peer = Row("latency", "", "p50", CLICK)
    peer.add(PEER, 1.0, "")
    assert peer.verdict == ""


def test_disturbed_runs_are_counted_with_what_disturbed_them() -> None:
    found = row([4, 5], [9, 10], disturbed="load, slow processor")
    assert found.disturbance == "1 of 4 runs: load, slow processor"
    assert row([4, 5], [9, 10]).disturbance == ""
