"""A run in JSON; docs/benchmarks.md tells what is in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, Mapping, Sequence

from .figures import OURS, Figure, Row
from .spread import Spread

# Raised when a reader of the older form would misunderstand the newer one.
SCHEMA = 2


def as_dict(rows: Sequence[Row], about: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a run for JSON.

    Args:
        rows: what was measured.
        about: ``machine``, ``versions``, ``notes`` and ``when``.
    """
    return {"schema": SCHEMA, **about, "rows": [_row(row) for row in rows]}


def _row(row: Row) -> Dict[str, Any]:
    compared = {peer: row.ratio(peer) for peer in row.peers} if OURS in row.runs else {}
    return {
        "key": row.key,
        "benchmark": row.benchmark,
        "case": row.case,
        "name": row.name,
        "figure": asdict(row.figure),
        "runs": row.runs,
        "disturbed": row.disturbed,
        "spreads": {side: asdict(row.spread(side)) for side in row.runs},
        "ratios": {peer: asdict(ratio) for peer, ratio in compared.items() if isinstance(ratio, Spread)},
        "best": row.best,
        "verdict": row.verdict,
    }


def rows_of(report: Mapping[str, Any]) -> Sequence[Row]:
    """Return the rows of a run that was written.

    Raises:
        ValueError: it is of another form.
    """
    if report.get("schema") != SCHEMA:
        raise ValueError(f"This is schema {report.get('schema')!r} of the benchmarks' JSON; {SCHEMA} was looked for.")
    return [
        Row(
            row["benchmark"],
            row["case"],
            row["name"],
            Figure(**row["figure"]),
            dict(row["runs"]),
            dict(row["disturbed"]),
        )
        for row in report["rows"]
    ]
