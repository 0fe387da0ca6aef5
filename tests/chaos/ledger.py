"""What came of the rounds: a line of each, and a table of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Dict, List, Optional, Sequence, Tuple

from .plan import Round, Work

RESULT = "result"
# How a victim came back.
BY_ITSELF, WHEN_ASKED, UNHARMED = "by itself", "when asked", "unharmed"


@dataclass
class Outcome:
    """What came of a round.

    Attributes:
        round: the round.
        ended: how its work ended: ``result``, the name of an error, or what was lost.
        words: what the error said.
        took: seconds from the deed to the work's end.
        returned: how the victim came back; empty while it has not.
        back: seconds from the deed, or from its end where it had one, until the victim was back; None if unharmed.
        given_up: why the desktop did not come back by itself, in its own words.
        broken: the promises that were not kept, in sentences.
        seconds: how long the round took in all.
    """

    round: Round
    ended: str = ""
    words: str = ""
    took: float = 0.0
    returned: str = ""
    back: Optional[float] = None
    given_up: str = ""
    broken: Sequence[str] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        back = f" ({self.back:.1f} s)" if self.back is not None else ""
        words = f": {self.words}" if self.words else ""
        lines = [
            str(self.round),
            f"  the work ended after {self.took:.1f} s with {self.ended or 'nothing'}{words}",
            f"  the victim was back {self.returned or 'not at all'}{back}",
            *([f"  the desktop's last words: {self.given_up}"] if self.given_up else []),
            *(f"  BROKEN: {each}" for each in self.broken),
        ]
        return "\n".join(lines)


def _figures(values: Sequence[float]) -> str:
    return f"{median(values):6.1f} {max(values):6.1f}" if values else f"{'-':>6} {'-':>6}"


def table(outcomes: Sequence[Outcome]) -> List[str]:
    """Return the lines of a table: by victim and action how often, how the works ended, and how soon it was back."""
    rows: Dict[Tuple[str, str], List[Outcome]] = {}
    for each in outcomes:
        rows.setdefault((each.round.victim.value, each.round.action.value), []).append(each)
    lines = [f"{'victim':18}{'action':16}{'rounds':>6}{'broken':>7}{'back: median':>14} {'max s':>6}  works ended with"]
    for (victim, action), row in sorted(rows.items()):
        figures = _figures([each.back for each in row if each.back is not None])
        ends = Counter(each.ended or "nothing" for each in row)
        ended = ", ".join(f"{name} {count}" for name, count in ends.most_common())
        broken = sum(bool(each.broken) for each in row)
        lines.append(f"{victim:18}{action:16}{len(row):6}{broken:7}{figures:>21}  {ended}")
    return lines


def summary(outcomes: Sequence[Outcome]) -> List[str]:
    """Return what is printed after the rounds."""
    if not outcomes:
        return []
    broken = [each for each in outcomes if each.broken]
    waiting = Counter(each.ended for each in outcomes if each.round.work is Work.INTERACTIVE)
    returned = Counter(each.returned or "not at all" for each in outcomes)
    took = sum(each.seconds for each in outcomes)
    return [
        f"{len(outcomes)} rounds in {took:.0f} s, {len(broken)} with a broken promise",
        *table(outcomes),
        f"victims came back: {', '.join(f'{name} {count}' for name, count in returned.most_common())}",
        f"waiting tclean ended with: {', '.join(f'{name} {count}' for name, count in waiting.most_common())}",
    ]
