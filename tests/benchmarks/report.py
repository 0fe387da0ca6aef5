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


def together(reports: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Return the last of several reports, with those rows of the others that no later one has; a note tells of them.

    Rows are compared with nothing but what was measured beside them, so those of several days can stand together.
    """
    *_, last = reports
    rows: Dict[str, Any] = {}
    notes = []
    for number, each in enumerate(reports):
        later = {row["key"] for other in reports[number + 1 :] for row in other["rows"]}
        kept = [row for row in each["rows"] if row["key"] not in later]
        rows.update({row["key"]: row for row in kept})
        if each is not last and kept:
            names = ", ".join(dict.fromkeys(row["benchmark"] for row in kept))
            notes += [f"Of the run of {each['when'][:10]} at {each['when'][11:16]}: {names}.", *each["notes"]]
    return {**last, "rows": list(rows.values()), "notes": [*last["notes"], *notes]}


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
