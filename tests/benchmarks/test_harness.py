"""What is kept of a benchmark that fails, and in which turns it is run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List

import pytest

from .figures import OURS, Figure
from .harness import Choice, run
from .machine import Watch
from .rows import PEER


class Stage:
    """Whatever a benchmark could want of a stage: nothing."""

    quick = False
    cleared = 0

    def clear(self) -> None:
        self.cleared += 1


def test_cases_that_were_measured_are_kept_when_a_later_one_fails() -> None:
    turns: List[str] = []

    def side(name: str) -> Any:
        def measure(_: Stage, case: str) -> Dict[str, float]:
            turns.append(f"{case}{name}")
            if case == "far":
                raise RuntimeError("lost")
            return {"taken": 1.0}

        return measure

    benchmark = SimpleNamespace(
        FIGURES={"taken": Figure("taken", 1.0)},
        SIDES={OURS: side("A"), PEER: side("B")},
        CASES=("near", "far"),
        QUICK=("near",),
        TARGETED=("far",),
        KEEPS=True,
    )
    stage = Stage()
    told: List[str] = []
    rows = run("clicks", benchmark, stage, 2, Watch(), told.append)  # type: ignore[arg-type]
    row = next(rows)
    assert (row.key, row.runs) == ("clicks/near/taken", {OURS: [1.0, 1.0], PEER: [1.0, 1.0]})
    assert row.figure.limit is None
    with pytest.raises(RuntimeError, match="lost"):
        next(rows)
    assert turns == ["nearA", "nearB", "nearA", "nearB", "farA"]
    assert stage.cleared == 1
    assert len(told) == 4


def test_cases_and_sides_are_measured_alone_when_they_are_chosen() -> None:
    turns: List[str] = []

    def side(name: str) -> Any:
        return lambda _, case: turns.append(f"{case}{name}") or {"taken": 1.0}

    benchmark = SimpleNamespace(
        FIGURES={"taken": Figure("taken", 1.0)},
        SIDES={OURS: side("A"), PEER: side("B")},
        CASES=("near", "far"),
        QUICK=("near",),
        TARGETED=(),
        KEEPS=True,
    )
    list(run("clicks", benchmark, Stage(), 2, Watch(), print, Choice(["fa"], [PEER])))  # type: ignore[arg-type]
    assert turns == ["farB", "farB"]
