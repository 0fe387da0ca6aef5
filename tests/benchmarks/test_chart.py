"""The picture of the ratios."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from .chart import CHOSEN, GREY, better, chosen, draw, points
from .figures import FLOOR, Row
from .rows import FRAMES, PEER, row
from .spread import Spread


def _of(benchmark: str, case: str, name: str, found: Row) -> Row:
    return replace(found, benchmark=benchmark, case=case, name=name)


def test_twice_as_good_is_two_whether_less_or_more_is_better() -> None:
    assert better(row([5, 5], [10, 10]), PEER) == Spread(2, 2, 2)
    assert better(row([20, 20], [10, 10], FRAMES), PEER) == Spread(2, 2, 2)


def test_what_cannot_be_compared_says_so() -> None:
    with pytest.raises(ValueError, match="latency/near/p50"):
        better(row([5], [0]), PEER)


def test_floor_and_what_is_not_chosen_stay_out_of_the_picture() -> None:
    start = _of(*CHOSEN[0], row([1], [2]))
    start.add(FLOOR, 0.1, "")
    assert chosen([row([1], [2]), start]) == [start]
    assert list(points([start])) == [PEER]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["ratios.svg", "ratios.png"])
def test_picture_has_no_background_and_one_grey_for_both_kinds_of_page(tmp_path: Path, name: str) -> None:
    rows = [_of(*each, row([4, 5, 6], [10, 10, 10])) for each in CHOSEN[:5]]
    draw(rows, tmp_path / name, "2 cores")
    if name.endswith("svg"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert GREY in text
        assert "fill: #ffffff" not in text
    assert (tmp_path / name).stat().st_size > 1000
