"""Compares the ratios of a run with recorded ones, and warns of what has become worse. It never fails anything.

Times of two machines, or of one machine on two days, cannot be compared. What ours takes of what a peer takes beside it
can, roughly; hence a warning needs more than the spreads of both runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from .figures import FLOORS, Row
from .spread import Spread
from .table import number

RECORDED = Path(__file__).parent / "recorded"
# Two quiet runs of one state differ by so much, as a fraction of the ratio.
NOISE = 0.1


def recorded(folder: Path = RECORDED) -> Dict[str, Dict[str, Spread]]:
    """Return the recorded ratios, by row and peer; of several files, the last by name counts."""
    found: Dict[str, Dict[str, Spread]] = {}
    for path in sorted(folder.glob("*.json")):
        found.update(ratios_of(json.loads(path.read_text(encoding="utf-8"))))
    return found


def ratios_of(report: Mapping[str, Any]) -> Dict[str, Dict[str, Spread]]:
    """Return the ratios in a report as ``report.as_dict`` makes them."""
    return {
        row["key"]: {
            peer: Spread(*(ratio[each] for each in ("low", "median", "high"))) for peer, ratio in row["ratios"].items()
        }
        for row in report["rows"]
    }


def worse(now: Spread, before: Spread, more: bool) -> bool:
    """Tell whether a ratio has become worse by more than the spreads of both, and than noise."""
    if more:
        return now.high < before.low and now.median < before.median / (1 + NOISE)
    return now.low > before.high and now.median > before.median * (1 + NOISE)


def warnings(rows: Sequence[Row], before: Mapping[str, Mapping[str, Spread]]) -> List[str]:
    """Return a sentence for each figure that has become worse; one that was disturbed says so."""
    found = []
    for row in rows:
        for peer in row.peers:
            now, then = row.ratio(peer), before.get(row.key, {}).get(peer)
            if peer in FLOORS or now is None or then is None or not worse(now, then, row.figure.more):
                continue
            beside = f"; disturbed: {row.disturbance}" if row.disturbance else ""
            found.append(f"{row.words}: ×{number(now)} of {peer}'s, recorded was ×{number(then)}{beside}")
    return found
