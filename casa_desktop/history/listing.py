"""A history as text: Python with comments, which can be pasted into a cell."""

from __future__ import annotations

import os
import textwrap
from typing import Iterator, List

from ..system import durations
from . import code, flaggings
from .defaults import Defaults
from .files import moment
from .models import RECORD, Call, History, Start

_REMARKS = 3


def lines(history: History, defaults: Defaults, whole: bool = False) -> List[str]:
    """Return the lines.

    Args:
        history: what is known.
        defaults: of the tasks.
        whole: show all arguments and all remarks.
    """
    return list(_lines(history, defaults, whole))


def _lines(history: History, defaults: Defaults, whole: bool) -> Iterator[str]:
    yield from _comment(title(history))
    for sentence in sentences(history, defaults, whole):
        yield from _comment(sentence)
    for start in history.starts:
        yield from _comment(beginning(start))
    for call in history.calls:
        yield ""
        yield from _comment(facts(call))
        yield from python(call, defaults, whole).splitlines()
        for sentence in notes(call, defaults):
            yield from _comment(sentence)


def python(call: Call, defaults: Defaults, whole: bool) -> str:
    """Return a call as Python; a comment, where it is none."""
    if call.task == flaggings.UNDO:
        return f"# {call.task}"
    return code.of(call.task, code.given(call, defaults, whole))


def title(history: History) -> str:
    """Return the first line."""
    name, number = os.path.basename(history.path), len(history.calls)
    if not number:
        return f"{name}: nothing tells which call made it."
    return f"{name}: {number} call{'' if number == 1 else 's'}, the first one first."


def sentences(history: History, defaults: Defaults, whole: bool) -> List[str]:
    """Return what is to be said of a history as a whole."""
    found = list(history.notes)
    if not defaults.version:
        found.append("The tasks' defaults are not known here, so that all arguments are shown.")
    remarks = history.remarks if whole else history.remarks[:_REMARKS]
    found += [f"{place} has a line that is no call: {row.message.strip()}" for place, row in remarks]
    if len(remarks) < len(history.remarks):
        found.append(f"{len(history.remarks) - len(remarks)} more such lines are shown by --all.")
    return found


def beginning(start: Start) -> str:
    """Return what is known of a file at which a chain begins."""
    notes = f": {'; '.join(start.notes)}" if start.notes else ""
    return f"Begins with {start.path}{notes}."


def facts(call: Call) -> str:
    """Return when a call was made, by which CASA, and where that is known from."""
    words = [moment(call.ended)]
    if call.seconds is not None:
        words.append(f"took {durations.shown(call.seconds, digits=2)}")
    words.append(f"CASA {call.casa}" if call.casa else "CASA's version unknown")
    if call.cell:
        words.append(f"cell {call.cell}")
    proof = ", proved by the states of its files" if call.proved else ""
    return f"{', '.join(words)}; from {_joined(call.sources)}{proof}"


def _joined(sources: List[str]) -> str:
    # CASA writes a cleaning into each of its images.
    shown = [f"the {RECORD}" if source == RECORD else source for source in sources]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def notes(call: Call, defaults: Defaults) -> List[str]:
    """Return what is to be said of a call behind its code."""
    return handwork(call) + doubts(call, defaults)


def handwork(call: Call) -> List[str]:
    """Return where the handwork of a call is."""
    what = f"By hand: {call.by_hand}; kept in" if call.by_hand else "Handwork:"
    return [f"{what} {folder}" for folder in call.hand]


def doubts(call: Call, defaults: Defaults) -> List[str]:
    """Return what is not known of a call, and contradictions."""
    found = []
    if defaults.version and not call.by_hand and not code.defaults_fit(call, defaults):
        found.append(
            f"All arguments are shown, because the defaults of {call.task} in that release are not known here."
        )
    return found + call.notes


def _comment(text: str) -> List[str]:
    return textwrap.wrap(
        text, 118, initial_indent="# ", subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False
    ) or ["#"]
