"""Pairs of runs, ours and a peer's, in turn; what they took, and how the two compare.

On a shared machine times drift by half within minutes. So only figures of one pair are compared with each other, the
order within a pair alternates, and the median of the pairs' ratios is what counts.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Literal, Mapping, Optional, Protocol, Sequence, Tuple

from .stage import Stage


@dataclass(frozen=True)
class Figure:
    """One number that a benchmark measures on both sides.

    Attributes:
        what: in words.
        unit: of the number.
        limit: the target; None for a figure that is only told.
        target: what the limit is about: ours divided by the peer's, ours minus the peer's, or ours alone.
        least: the limit is the least, and not the most.
    """

    what: str
    limit: Optional[float] = None
    unit: str = "s"
    target: Literal["ratio", "difference", "ours"] = "ratio"
    least: bool = False

    def compare(self, ours: float, peer: float) -> float:
        """Return what the limit is about, from one pair of runs."""
        if self.target == "ratio":
            return ours / peer
        return ours - peer if self.target == "difference" else ours

    def meets(self, compared: float) -> bool:
        """Tell whether that is within the limit, if there is one."""
        return self.limit is None or (compared >= self.limit if self.least else compared <= self.limit)


class Benchmark(Protocol):
    """A module of this package that measures something.

    Attributes:
        FIGURES: what it measures, by name.
        PEER: with what it compares.
    """

    FIGURES: Mapping[str, Figure]
    PEER: str

    def ours(self, stage: Stage) -> Mapping[str, float]:
        """Measure the figures once, with casa-desktop."""

    def peer(self, stage: Stage) -> Mapping[str, float]:
        """Measure them once, as a user would see them who has the peer instead."""


@dataclass
class Result:
    """A figure's runs.

    Attributes:
        benchmark, name: whose it is.
        figure: what it is.
        against: the peer's name.
        ours, peer: the runs, pair by pair.
    """

    benchmark: str
    name: str
    figure: Figure
    against: str
    ours: List[float] = field(default_factory=list)
    peer: List[float] = field(default_factory=list)

    @property
    def compared(self) -> List[float]:
        """What the target is about, pair by pair."""
        return [self.figure.compare(ours, peer) for ours, peer in zip(self.ours, self.peer)]

    @property
    def verdict(self) -> str:
        if self.figure.limit is None:
            return ""
        return "met" if self.figure.meets(statistics.median(self.compared)) else "MISSED"

    def as_dict(self) -> Dict[str, Any]:
        """Return what the JSON output has of it."""
        return {
            "benchmark": self.benchmark,
            "figure": self.name,
            "what": self.figure.what,
            "unit": self.figure.unit,
            "against": self.against,
            "target": self.figure.target,
            "limit": self.figure.limit,
            "least": self.figure.least,
            "verdict": self.verdict,
            "runs": {"ours": self.ours, "peer": self.peer, "compared": self.compared},
        }


def run(
    name: str, benchmark: Benchmark, stage: Stage, repeats: int, tell: Callable[[str], None] = lambda _: None
) -> List[Result]:
    """Measure a benchmark's figures ``repeats`` times on both sides."""
    results = {key: Result(name, key, figure, benchmark.PEER) for key, figure in benchmark.FIGURES.items()}
    for number in range(repeats):
        sides: List[Tuple[str, Callable[[Stage], Mapping[str, float]]]]
        sides = [("ours", benchmark.ours), ("peer", benchmark.peer)]
        for side, measure in sides if number % 2 == 0 else reversed(sides):
            found = measure(stage)
            words = ", ".join(f"{key} {found[key]:.3g} {results[key].figure.unit}" for key in results)
            tell(f"{name}, pair {number + 1}, {side}: {words}")
            for key, result in results.items():
                getattr(result, side).append(found[key])
    return list(results.values())


def tables(results: Sequence[Result]) -> str:
    """Return the results for a terminal, a table for each peer: median (minimum to maximum)."""
    peers = dict.fromkeys(result.against for result in results)
    return "\n\n".join(_table(peer, [result for result in results if result.against == peer]) for peer in peers)


def _table(peer: str, results: Sequence[Result]) -> str:
    head = ("figure", "ours", peer, "compared", "target", "")
    rows = [head, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _row(result: Result) -> Tuple[str, ...]:
    figure = result.figure
    sign, unit = ("×", "") if figure.target == "ratio" else ("", f" {figure.unit}")
    limit = "" if figure.limit is None else f"{'≥' if figure.least else '≤'} {sign}{figure.limit:g}{unit}"
    return (
        f"{result.benchmark}: {figure.what}",
        _spread(result.ours, f" {figure.unit}"),
        _spread(result.peer, f" {figure.unit}"),
        sign + _spread(result.compared, unit),
        limit,
        result.verdict,
    )


def _spread(values: Sequence[float], unit: str) -> str:
    return f"{statistics.median(values):.3g}{unit} ({min(values):.3g}–{max(values):.3g})"
