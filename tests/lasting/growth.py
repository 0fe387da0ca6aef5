"""Whether something grows from round to round: least squares, with a bound on how wrong they may be."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Sequence

# Of Student's distribution, for more than 30 samples: in one of two hundred series the slope lies beyond a bound.
QUANTILE = 2.75
# What follows from one another for longer is told by no series of ours.
MOST_CORRELATION = 0.9


@dataclass(frozen=True)
class Slope:
    """How much something grows in a round.

    Attributes:
        value: by least squares.
        low, high: between them it lies, as far as the samples tell.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} a round ({self.low:.4g} to {self.high:.4g})"


def slope(rounds: Sequence[float], values: Sequence[float]) -> Slope:
    """Return the slope of ``values`` over ``rounds``, at least ten of each.

    Memory grows in steps and stays, so neighbouring samples are no two witnesses: the error is enlarged by their
    correlation, as for an autoregressive series of the first order.
    """
    fitted, offset = statistics.linear_regression(rounds, values)
    rest = [y - fitted * x - offset for x, y in zip(rounds, values)]
    spread = math.sqrt(sum(each**2 for each in rest) / (len(rest) - 2))
    width = math.sqrt(len(rounds)) * statistics.pstdev(rounds)
    correlation = min(max(_correlation(rest), 0.0), MOST_CORRELATION)
    error = QUANTILE * spread / width * math.sqrt((1 + correlation) / (1 - correlation))
    return Slope(fitted, fitted - error, fitted + error)


def _correlation(rest: Sequence[float]) -> float:
    """Return that of each with the next."""
    squares = sum(each**2 for each in rest)
    return sum(one * next_ for one, next_ in zip(rest, rest[1:])) / squares if squares > 1e-9 else 0.0


@dataclass
class Diary:
    """Samples of many quantities, taken together.

    Attributes:
        rounds: when they were taken.
        values: of each quantity, by name.
    """

    rounds: List[float] = field(default_factory=list)
    values: Dict[str, List[float]] = field(default_factory=dict)

    def take(self, number: int, found: Mapping[str, float]) -> None:
        """Note what was found after so many rounds."""
        self.rounds.append(number)
        for name, value in found.items():
            self.values.setdefault(name, []).append(value)

    def slopes(self) -> Dict[str, Slope]:
        """Return the slope of each quantity."""
        return {name: slope(self.rounds, found) for name, found in self.values.items()}

    def report(self) -> str:
        """Return a line for each quantity: where it began and ended, and its slope."""
        rows = (
            f"{name:<28} {self.values[name][0]:>12.0f} → {self.values[name][-1]:>12.0f}  {found}"
            for name, found in self.slopes().items()
        )
        return f"rounds {self.rounds[0]:.0f} to {self.rounds[-1]:.0f}\n" + "\n".join(rows)
