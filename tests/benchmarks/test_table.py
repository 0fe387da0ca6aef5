"""The table in the terminal."""

from __future__ import annotations

from .figures import FLOOR, OURS, Row
from .rows import CLICK, FRAMES, PEER, row
from .spread import Spread
from .table import lost, number, tables


def test_row_tells_both_sides_their_ratio_and_the_target() -> None:
    text = tables([row([4, 5, 6], [10, 10, 10])], {"latency": "From a press to a pixel."})
    heading, head, line = text.splitlines()
    assert heading == "latency: From a press to a pixel."
    assert head.split() == ["figure", OURS, PEER, "best", "target"]
    assert "click to pixel, near" in line
    assert "5 ms (4.5–5.5)" in line
    assert "10 ms → ×0.5 (0.45–0.55)" in line
    assert "met (≤ ×0.7)" in line


def test_floor_is_the_last_column_and_never_the_best() -> None:
    found = row([4, 5, 6], [10, 10, 10])
    found.runs = {FLOOR: [1, 1, 1], **found.runs}
    head, line = tables([found], {}).splitlines()[1:]
    assert head.index(PEER) < head.index(FLOOR) < head.index("best")
    assert OURS in line


def test_side_that_has_no_such_figure_has_a_dash() -> None:
    other = Row("latency", "far", "p50", CLICK)
    other.add(OURS, 60.0, "")
    lines = tables([row([4], [10]), other], {}).splitlines()
    assert "–" in lines[-1]


def test_disturbed_row_says_so_and_without_one_there_is_no_column() -> None:
    assert "1 of 2 runs: steal" in tables([row([4], [10], disturbed="steal")], {})
    assert "disturbed" not in tables([row([4], [10])], {})


def test_each_figure_that_a_peer_wins_is_told() -> None:
    worse = row([20, 20], [60, 60], FRAMES, name="rate")
    assert lost([row([4, 4], [10, 10]), worse]) == [f"{PEER} does better: frames, near, ×0.333"]


def test_spread_of_a_single_run_is_not_written() -> None:
    assert number(Spread(5.0, 5.0, 5.0), "ms") == "5 ms"
    assert number(Spread(1000.0, 1234.5, 2000.0), "MB") == "1,234 MB (1,000–2,000)"
