"""Rounds of runs, side after side; what they took, and whether the machine left them alone.

On a shared machine times drift by half within minutes. So only figures of one round are compared with each other, and
the median of the rounds' ratios is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Dict, Iterator, List, Mapping, Protocol, Sequence

from .figures import Figure, Row
from .machine import Watch
from .plan import alternation, chosen
from .stage import Stage

Tell = Callable[[str], None]


class Benchmark(Protocol):
    """A module of this package that measures something.

    Attributes:
        FIGURES: what it measures, by name.
        SIDES: how each side is measured in a case: the figures by name, without those that it does not have there.
        CASES: what it is measured for, one after the other; one empty name where there is only one.
        QUICK: the cases for somebody in a hurry.
        TARGETED: the cases that the figures' targets are about.
        ROUNDS: how often each case is measured on each side, unless somebody asks for another number.
        SECONDS: that a round of all cases and sides takes on two quiet cores, about.
        KEEPS: its desks stay between runs, and are ended at its end; else each run gets new ones.
    """

    FIGURES: Mapping[str, Figure]
    SIDES: Mapping[str, Callable[[Stage, str], Mapping[str, float]]]
    CASES: Sequence[str]
    QUICK: Sequence[str]
    TARGETED: Sequence[str]
    ROUNDS: int
    SECONDS: float
    KEEPS: bool


@dataclass(frozen=True)
class Choice:
    """The cases and the sides that are measured: those whose names contain one of these; all if there are none."""

    cases: Sequence[str] = ()
    sides: Sequence[str] = ()


def run(
    name: str, benchmark: Benchmark, stage: Stage, rounds: int, watch: Watch, tell: Tell, choice: Choice = Choice()
) -> Iterator[Row]:
    """Measure the cases of a benchmark ``rounds`` times on its sides; a case's rows are there once it is measured."""
    sides = chosen(list(benchmark.SIDES), choice.sides)
    try:
        for case in chosen(benchmark.QUICK if stage.quick else benchmark.CASES, choice.cases):
            yield from _run_case(name, benchmark, stage, case, sides, rounds, watch, tell)
    finally:
        stage.clear()


def _run_case(
    name: str,
    benchmark: Benchmark,
    stage: Stage,
    case: str,
    sides: Sequence[str],
    rounds: int,
    watch: Watch,
    tell: Tell,
) -> List[Row]:
    figures = {
        key: figure if case in benchmark.TARGETED else replace(figure, limit=None)
        for key, figure in benchmark.FIGURES.items()
    }
    rows = {key: Row(name, case, key, figure) for key, figure in figures.items()}
    for number, side in alternation(sides, rounds):
        found, disturbed = _measure(benchmark, stage, side, case, watch)
        if found:
            words = ", ".join(f"{key} {value:.3g} {rows[key].figure.unit}" for key, value in found.items())
            place = ", ".join(filter(None, (name, case, f"round {number + 1} of {rounds}", side)))
            tell(f"{place}: {words}" + (f"  [disturbed: {disturbed}]" if disturbed else ""))
        for key, value in found.items():
            rows[key].add(side, value, disturbed)
    return [row for row in rows.values() if row.runs]


def _measure(benchmark: Benchmark, stage: Stage, side: str, case: str, watch: Watch) -> tuple[Dict[str, float], str]:
    watch.begin()
    try:
        found = dict(benchmark.SIDES[side](stage, case))
    finally:
        if not benchmark.KEEPS:
            stage.clear()
    return found, watch.end()
