"""Pairs of runs, ours and stock CASA's, in turn; what they took, and how the two compare.

On a shared machine times drift by half within minutes. So only figures of one pair are compared with each other, the
order within a pair alternates, and the median of the pairs' ratios is what counts.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol, Sequence, Tuple

from .stage import Stage


@dataclass(frozen=True)
class Figure:
    """One number that a benchmark measures on both sides.

    Attributes:
        what: in words.
        unit: of the number.
        limit: the target; None for a figure that is only told.
        difference: the target is about ours minus stock's, and not ours divided by stock's.
    """

    what: str
    limit: Optional[float] = None
    unit: str = "s"
    difference: bool = False


class Benchmark(Protocol):
    """A module of this package that measures something.

    Attributes:
        FIGURES: what it measures, by name.
    """

    FIGURES: Mapping[str, Figure]

    def ours(self, stage: Stage) -> Mapping[str, float]:
        """Measure the figures once, in our kernel."""

    def stock(self, stage: Stage) -> Mapping[str, float]:
        """Measure them once, as a user of CASA's wheels without us would see them."""


@dataclass
class Result:
    """A figure's runs.

    Attributes:
        benchmark, name: whose it is.
        figure: what it is.
        ours, stock: the runs, pair by pair.
    """

    benchmark: str
    name: str
    figure: Figure
    ours: List[float] = field(default_factory=list)
    stock: List[float] = field(default_factory=list)

    @property
    def compared(self) -> List[float]:
        """Ratio or difference, pair by pair."""
        if self.figure.difference:
            return [ours - stock for ours, stock in zip(self.ours, self.stock)]
        return [ours / stock for ours, stock in zip(self.ours, self.stock)]

    @property
    def verdict(self) -> str:
        if self.figure.limit is None:
            return ""
        return "met" if statistics.median(self.compared) <= self.figure.limit else "MISSED"

    def as_dict(self) -> Dict[str, Any]:
        """Return what the JSON output has of it."""
        return {
            "benchmark": self.benchmark,
            "figure": self.name,
            "what": self.figure.what,
            "unit": self.figure.unit,
            "compared": "difference" if self.figure.difference else "ratio",
            "limit": self.figure.limit,
            "verdict": self.verdict,
            "runs": {"ours": self.ours, "stock": self.stock, "compared": self.compared},
        }


def run(
    name: str, benchmark: Benchmark, stage: Stage, repeats: int, tell: Callable[[str], None] = lambda _: None
) -> List[Result]:
    """Measure a benchmark's figures ``repeats`` times on both sides."""
    results = {key: Result(name, key, figure) for key, figure in benchmark.FIGURES.items()}
    for number in range(repeats):
        sides: List[Tuple[str, Callable[[Stage], Mapping[str, float]]]]
        sides = [("ours", benchmark.ours), ("stock", benchmark.stock)]
        for side, measure in sides if number % 2 == 0 else reversed(sides):
            found = measure(stage)
            words = ", ".join(f"{key} {found[key]:.3g} {results[key].figure.unit}" for key in results)
            tell(f"{name}, pair {number + 1}, {side}: {words}")
            for key, result in results.items():
                getattr(result, side).append(found[key])
    return list(results.values())


def table(results: Sequence[Result]) -> str:
    """Return the results for a terminal: median (minimum to maximum)."""
    head = ("figure", "ours", "stock", "compared", "target", "")
    rows = [head, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def _row(result: Result) -> Tuple[str, ...]:
    figure = result.figure
    sign, unit = ("", f" {figure.unit}") if figure.difference else ("×", "")
    limit = "" if figure.limit is None else f"≤ {sign}{figure.limit:g}{unit}"
    return (
        f"{result.benchmark}: {figure.what}",
        _spread(result.ours, f" {figure.unit}"),
        _spread(result.stock, f" {figure.unit}"),
        sign + _spread(result.compared, unit),
        limit,
        result.verdict,
    )


def _spread(values: Sequence[float], unit: str) -> str:
    return f"{statistics.median(values):.3g}{unit} ({min(values):.3g}–{max(values):.3g})"
