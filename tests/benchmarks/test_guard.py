"""The guard: it warns of ratios that have become worse, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from . import report
from .guard import RECORDED, ratios_of, recorded, warnings, worse
from .rows import FRAMES, PEER, row
from .spread import Spread


def _before(*rows: object) -> dict[str, dict[str, Spread]]:
    return ratios_of(report.as_dict(rows, {}))  # type: ignore[arg-type]


def test_ratio_that_stays_is_no_warning() -> None:
    before = _before(row([4, 5, 6], [10, 10, 10]))
    assert warnings([row([4.2, 5.1, 6.1], [10, 10, 10])], before) == []


def test_machine_that_is_slower_for_all_is_no_warning() -> None:
    before = _before(row([4, 5, 6], [10, 10, 10]))
    assert warnings([row([40, 50, 60], [100, 100, 100])], before) == []


def test_ratio_beyond_both_spreads_is_told_with_both() -> None:
    before = _before(row([4, 5, 6], [10, 10, 10]))
    (warning,) = warnings([row([7, 8, 9], [10, 10, 10], disturbed="load")], before)
    assert warning.startswith(f"click to pixel, near: ×0.8 (0.75–0.85) of {PEER}'s, recorded was ×0.5 (0.45–0.55)")
    assert warning.endswith("disturbed: 1 of 6 runs: load")


def test_fewer_frames_are_worse_and_more_are_not() -> None:
    before = _before(row([30, 30], [10, 10], FRAMES))
    assert warnings([row([20, 20], [10, 10], FRAMES)], before)
    assert not warnings([row([40, 40], [10, 10], FRAMES)], before)


def test_difference_within_the_noise_of_quiet_runs_is_not_worse() -> None:
    assert not worse(Spread(1.05, 1.05, 1.05), Spread(1.0, 1.0, 1.0), more=False)
    assert worse(Spread(1.2, 1.2, 1.2), Spread(1.0, 1.0, 1.0), more=False)


def test_figure_that_was_never_recorded_is_passed_over() -> None:
    assert warnings([row([7], [10])], {}) == []


def test_last_of_several_records_counts(tmp_path: Path) -> None:
    for name, ours in (("2026-01.json", 4.0), ("2026-02.json", 6.0)):
        (tmp_path / name).write_text(json.dumps(report.as_dict([row([ours], [10])], {})))
    assert recorded(tmp_path) == {"latency/near/p50": {PEER: Spread(0.6, 0.6, 0.6)}}


def test_records_that_lie_here_can_be_read() -> None:
    found = recorded(RECORDED)
    assert {"first_task/first", "desktop_start/cold", "live/drawn"} <= set(found)
    # A peer that takes nothing has no ratio.
    assert all(0 <= each.low <= each.median <= each.high for peers in found.values() for each in peers.values())
