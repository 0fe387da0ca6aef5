"""The findings of ``casa-desktop doctor`` and ``casa-desktop kernel check``: a subject, the result, and the remedy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Dict, Iterable, Iterator

_MARKS = {"ok": "✓", "missing": "✗", "note": "!"}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: what was checked.
        state: ``ok``, ``missing`` (something will not work) or ``note`` (worth knowing).
        found: the result, in words.
        remedy: what to do about it; empty if nothing need be done.
    """

    subject: str
    state: str
    found: str
    remedy: str = ""

    def as_dict(self) -> Dict[str, str]:
        """Return the finding for JSON."""
        return asdict(self)


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of the report for a terminal."""
    for finding in findings:
        yield f"{_MARKS[finding.state]} {finding.subject}: {finding.found}"
        if finding.remedy:
            yield f"    → {finding.remedy}"


def as_json(findings: Iterable[Finding]) -> str:
    """Return the report as a JSON list."""
    return json.dumps([finding.as_dict() for finding in findings], indent=1)
