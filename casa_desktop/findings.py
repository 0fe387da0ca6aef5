"""The findings of ``casa-desktop doctor`` and ``casa-desktop kernel check``: a subject, the result, and the remedy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Dict, Iterable, Iterator, Mapping

from . import errors
from .containers import images
from .desktop import x_server_source

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


_CHOOSE = "choose again with casa-desktop x-server"


def x_server(environ: Mapping[str, str]) -> Finding:
    """Return where a desktop's X server would come from."""
    try:
        choice = x_server_source.found(environ)
    except errors.InvalidSetting as error:
        return Finding("X server", "missing", str(error), _CHOOSE)
    if choice.container is not None:
        found = f"that of {choice.container.label}, chosen in {choice.source}"
        trouble = images.trouble(choice.container)
        state = "missing" if trouble else "ok"
        return Finding("X server", state, f"{found}; {trouble}" if trouble else found, _CHOOSE if trouble else "")
    path = x_server_source.own_program()
    if path:
        return Finding("X server", "ok", path)
    remedy = "apt install tigervnc-standalone-server, or take an image's: casa-desktop x-server --image NAME"
    return Finding("X server", "missing", f"no {' or '.join(x_server_source.PROGRAMS)} on PATH", remedy)
