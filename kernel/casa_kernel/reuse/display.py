"""The line that says that a call was not made, with the log of the call whose result it got. No I/O.

The HTML is for front ends without this project's extension, which shows the JSON with buttons.
"""

from __future__ import annotations

import html
import time
from typing import Any, Dict, List, Mapping, Sequence

from casa_desktop.store import sizes
from casa_desktop.store.models import Record
from casa_desktop.store.store import Usage

from ..log.parser import Message, headline
from ..log.view import View, elapsed

MIME = "application/vnd.casa-desktop.reuse+json"


def line(record: Record, outcome: str, outputs: Sequence[str], seconds: float) -> str:
    """Return the line.

    Args:
        record: the call that made the result.
        outcome: ``in place`` or ``put back``.
        outputs: the names of what the call has made or changed.
        seconds: how long it took now.
    """
    made = moment(record)
    took = f"it took {duration(record.seconds)}"
    if not outputs:
        return f"{record.task}: nothing to do. This is what the same call returned on {made} ({took})."
    names = ", ".join(outputs[:3]) + (f" and {len(outputs) - 3} more" if len(outputs) > 3 else "")
    verb = "are" if len(outputs) > 1 else "is"
    if outcome == "in place":
        return f"{record.task}: nothing to do. {names} {verb} what this call made on {made} ({took})."
    now = f"put back in {duration(seconds)}"
    return f"{record.task}: nothing to compute. {names} {verb} again what this call made on {made} ({took}; {now})."


def moment(record: Record) -> str:
    """Return when a call was made."""
    return time.strftime("%-d %b %Y %H:%M", time.localtime(record.made))


def usage(told: Usage) -> str:
    """Return where results are kept, and how much room they take."""
    calls = "1 call" if told.records == 1 else f"{told.records} calls"
    return f"{told.folder}: {calls}, {sizes.shown(told.taken)} of at most {sizes.shown(told.limit)}."


def bundle(record: Record, said: str, why: str) -> Dict[str, Any]:
    """Return the MIME bundle of the line, with what the call depends on and the log of the one that made the result.

    Args:
        record: the call that made the result.
        said: the line.
        why: what the call depends on; it is folded, as is the log.
    """
    view = _log(record.shown)
    plain = f"{said} To make it again: reuse=False."
    shown: Dict[str, Any] = {"version": 1, "task": record.task, "line": said, "key": record.key, "why": why}
    shown["log"] = None
    page = f'<small class="casa-desktop-reuse">{html.escape(plain)}</small>'
    page += f"<details><summary><small>why</small></summary><pre>{html.escape(why)}</pre></details>"
    if view is not None:
        shown["log"] = view.json()
        page += view.html()
    return {"text/plain": plain, "text/html": page, MIME: shown}


def under(record: Record) -> List[Mapping[str, Any]]:
    """Return the other bundles that the call showed, and what it printed, in their order."""
    return [each for each in record.shown if "data" in each or "text" in each]


def _log(shown: Sequence[Mapping[str, Any]]) -> Any:
    log = next((each["log"] for each in shown if "log" in each), None)
    if log is None or not log["counts"]["total"]:
        return None
    messages = [Message(*each) for each in log["messages"]]
    return View(logfile=None, newest=headline(reversed(messages)), messages=messages, **log["counts"])


def duration(seconds: float) -> str:
    """Return a duration like ``4 ms``, ``1.2 s`` or ``3:12``."""
    if seconds < 1:
        return f"{max(round(seconds * 1000), 1)} ms"
    return f"{seconds:.1f} s" if seconds < 10 else elapsed(seconds)
