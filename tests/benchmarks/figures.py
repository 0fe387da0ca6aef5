"""What is measured, and what came of it. Nothing here measures anything."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Dict, List, Literal, Optional

from .spread import Spread, ratios, spread

OURS = "casa-desktop"
FLOOR = "bare RFB"
# What no program does better on the same machine: these are looked at, and nobody could have them instead.
LIMIT = "the limit"
FLOORS = (FLOOR, LIMIT)
# Medians that differ by no more than this fraction count as the same.
EVEN = 0.02


@dataclass(frozen=True)
class Figure:
    """One number that a benchmark measures on every side.

    Attributes:
        what: in words.
        limit: the target; None for a figure that is only told.
        unit: of the number.
        target: what the limit is about: ours divided by the peer's, ours minus the peer's, or ours alone.
        more: the more the better; the limit is then the least, and not the most.
    """

    what: str
    limit: Optional[float] = None
    unit: str = "s"
    target: Literal["ratio", "difference", "ours"] = "ratio"
    more: bool = False

    def compare(self, ours: float, peer: float) -> float:
        """Return what the limit is about, from one round."""
        if self.target == "ratio":
            return ours / peer if peer else float("inf")
        return ours - peer if self.target == "difference" else ours

    def meets(self, compared: float) -> bool:
        """Tell whether that is within the limit, if there is one."""
        return self.limit is None or (compared >= self.limit if self.more else compared <= self.limit)


@dataclass
class Row:
    """A figure of one case of a benchmark, and its runs.

    Attributes:
        benchmark, case, name: whose figure it is; the case is empty where a benchmark has only one.
        figure: what it is.
        runs: the numbers, round by round, for each side that has it.
        disturbed: what the machine did meanwhile, in words, a list for each side with an entry for each round.
    """

    benchmark: str
    case: str
    name: str
    figure: Figure
    runs: Dict[str, List[float]] = field(default_factory=dict)
    disturbed: Dict[str, List[str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return "/".join(part for part in (self.benchmark, self.case, self.name) if part)

    @property
    def words(self) -> str:
        return f"{self.figure.what}, {self.case}" if self.case else self.figure.what

    @property
    def peers(self) -> List[str]:
        """The sides that ours is compared with; a floor is the last where one is there."""
        return [side for side in self.runs if side != OURS]

    def add(self, side: str, value: float, disturbed: str) -> None:
        """Take in a run."""
        self.runs.setdefault(side, []).append(value)
        self.disturbed.setdefault(side, []).append(disturbed)

    def spread(self, side: str) -> Spread:
        return spread(self.runs[side])

    def ratio(self, peer: str) -> Optional[Spread]:
        """Return ours divided by the peer's."""
        return ratios(self.runs.get(OURS, []), self.runs[peer])

    @property
    def best(self) -> str:
        """The side that people could have and that does best: not a floor.

        ``even`` where the spreads overlap, or the medians are next to each other.
        """
        sides = [side for side in self.runs if side not in FLOORS]
        medians = {side: self.spread(side).median * (-1 if self.figure.more else 1) for side in sides}
        first, *others = sorted(sides, key=medians.__getitem__)
        best = self.spread(first)
        if any(best.overlaps(self.spread(other)) or _is_near(medians[first], medians[other]) for other in others):
            return "even"
        return first

    @property
    def verdict(self) -> str:
        """``met`` or ``MISSED`` against the first peer, for a figure with a target that ours and it have."""
        rivals = [side for side in self.peers if side not in FLOORS]
        if self.figure.limit is None or OURS not in self.runs:
            return ""
        if not rivals and self.figure.target != "ours":
            return ""
        peer = self.runs[rivals[0]] if rivals else self.runs[OURS]
        compared = [self.figure.compare(own, other) for own, other in zip(self.runs[OURS], peer)]
        return "met" if self.figure.meets(statistics.median(compared)) else "MISSED"

    @property
    def disturbance(self) -> str:
        """How many of its runs the machine disturbed, and how; empty for none."""
        words = [each for runs in self.disturbed.values() for each in runs]
        hit = [each for each in words if each]
        kinds = sorted({kind for each in hit for kind in each.split(", ")})
        return f"{len(hit)} of {len(words)} runs: {', '.join(kinds)}" if hit else ""


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= EVEN * max(abs(one), abs(other))
