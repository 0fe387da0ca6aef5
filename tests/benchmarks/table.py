"""The rows in a terminal. Nothing here measures anything."""

from __future__ import annotations

from typing import List, Mapping, Sequence, Tuple

from .figures import FLOORS, OURS, Row
from .spread import Spread


def tables(rows: Sequence[Row], headings: Mapping[str, str]) -> str:
    """Return a table for each benchmark, under its heading.

    Args:
        rows: all of them.
        headings: what each benchmark is about, by its name.
    """
    names = dict.fromkeys(row.benchmark for row in rows)
    found = []
    for name in names:
        own = [row for row in rows if row.benchmark == name]
        found.append(f"{name}: {headings.get(name, '')}\n{_table(own)}")
    return "\n\n".join(found)


def _table(rows: Sequence[Row]) -> str:
    peers = list(dict.fromkeys(peer for row in rows for peer in row.peers))
    peers.sort(key=FLOORS.__contains__)
    lines = [("figure", OURS, *peers, "best", "target", "disturbed"), *(_line(row, peers) for row in rows)]
    kept = [column for column in range(len(lines[0])) if any(line[column] for line in lines[1:])]
    widths = {column: max(len(line[column]) for line in lines) for column in kept}
    return "\n".join("  ".join(line[column].ljust(widths[column]) for column in kept).rstrip() for line in lines)


def _line(row: Row, peers: Sequence[str]) -> Tuple[str, ...]:
    best = row.best if len([side for side in row.runs if side not in FLOORS]) > 1 else ""
    target = f"{row.verdict} {_limit(row)}" if row.verdict else ""
    ours = number(row.spread(OURS), row.figure.unit) if OURS in row.runs else ""
    return (row.words, ours, *(_peer(row, peer) for peer in peers), best, target, row.disturbance)


def _peer(row: Row, peer: str) -> str:
    if peer not in row.runs:
        return "–"
    ratio = row.ratio(peer)
    compared = "" if ratio is None else f" → ×{number(ratio)}"
    return f"{_short(row.spread(peer).median)} {row.figure.unit}{compared}"


def _limit(row: Row) -> str:
    figure = row.figure
    assert figure.limit is not None
    sign = "×" if figure.target == "ratio" else "+" if figure.target == "difference" else ""
    unit = "" if figure.target == "ratio" else f" {figure.unit}"
    return f"({'≥' if figure.more else '≤'} {sign}{figure.limit:g}{unit})"


def number(value: Spread, unit: str = "") -> str:
    """Return the median and, where there is one, the spread: ``5.0 ms (4.8–5.3)``."""
    middle = f"{_short(value.median)} {unit}".rstrip()
    return middle if value.low == value.high else f"{middle} ({_short(value.low)}–{_short(value.high)})"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def lost(rows: Sequence[Row]) -> List[str]:
    """Return the sentences about each figure in which a peer does better than casa-desktop."""
    found = []
    for row in rows:
        if row.best not in ("even", OURS) and OURS in row.runs:
            ratio = row.ratio(row.best)
            by = f", ×{number(ratio)}" if ratio else ""
            found.append(f"{row.best} does better: {row.words}{by}")
    return found
