"""In which order sides are measured. Nothing here measures anything."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple


def alternation(sides: Sequence[str], rounds: int) -> List[Tuple[int, str]]:
    """Return the runs of a case, each with the number of its round: A B C, A B C, …

    So no side has the machine's good minutes to itself, and each run of ours has one of each peer beside it.
    """
    return [(number, side) for number in range(rounds) for side in sides]


def rounds_of(default: int, asked: Optional[int], quick: bool) -> int:
    """Return how many rounds a benchmark runs: as many as were asked for, else one in a hurry, else its own number."""
    return asked or (1 if quick else default)


def minutes(seconds_per_round: float, rounds: int) -> float:
    """Return how long a benchmark takes, from the seconds that a round of it takes on two quiet cores."""
    return seconds_per_round * rounds / 60


def chosen(names: Sequence[str], parts: Sequence[str]) -> List[str]:
    """Return the names that contain one of some parts; all of them if none is given."""
    return [name for name in names if not parts or any(part in name for part in parts)]
