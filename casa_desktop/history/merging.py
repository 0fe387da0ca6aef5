"""One list of calls out of several places that tell of the same ones."""

from __future__ import annotations

from typing import Any, Iterable, List, Set

from .arguments import NAMING
from .code import plain
from .models import RECORD, Call, Unknown

# In seconds. A call writes itself into each of its images, one after the other; FITS headers round to whole seconds.
_APART = 5.0
_ROUNDING = 1.0


def merge(known: List[Call], more: Iterable[Call]) -> List[Call]:
    """Add calls to those that are known; return the known ones that they are, in the order of ``more``.

    Args:
        known: is changed.
        more: of one place, each of them another call.
    """
    taken: Set[int] = set()
    found = []
    for call in more:
        fitting = [each for each in known if id(each) not in taken and same(each, call)]
        nearest = min(fitting, key=lambda each: abs(each.ended - call.ended), default=None)
        if nearest is None:
            known.append(call)
            nearest = call
        else:
            _join(nearest, call)
        taken.add(id(nearest))
        found.append(nearest)
    return found


def same(call: Call, other: Call) -> bool:
    """Return whether two places tell of the same call."""
    if call.task != other.task:
        return False
    if call.by_hand or other.by_hand:
        return call.hand == other.hand
    if RECORD in call.sources and RECORD in other.sources:
        return (call.inputs, call.outputs, call.folder) == (other.inputs, other.outputs, other.folder)
    if RECORD in call.sources or RECORD in other.sources:
        record, written = (call, other) if RECORD in call.sources else (other, call)
        # What is written differs from what was given where the task has changed it; but not in what it is about.
        about = (name for name in NAMING if name in record.arguments and name in written.arguments)
        return record.began - _ROUNDING <= written.ended <= record.ended + _ROUNDING and all(
            alike(record.arguments[name], written.arguments[name]) for name in about
        )
    return abs(call.ended - other.ended) <= _APART and _text(call) == _text(other)


def _text(call: Call) -> str:
    return repr(sorted(call.arguments.items()))


def _join(call: Call, other: Call) -> None:
    """Add to a call what was found about it in another place."""
    if RECORD in other.sources and RECORD not in call.sources:
        call.seconds, call.folder, call.cell = other.seconds, other.folder, other.cell
        call.ended, call.inputs, call.outputs, call.changed = other.ended, other.inputs, other.outputs, other.changed
        call.arguments, other.arguments = other.arguments, call.arguments
        call.proved = other.proved
        call.casa, other.casa = other.casa, call.casa
        call.sources, other.sources = [*other.sources, *call.sources], call.sources
        _compare(call, other)
        return
    if RECORD in call.sources and RECORD not in other.sources:
        _compare(call, other)
    call.sources += [source for source in other.sources if source not in call.sources]
    for sentence in other.notes:
        call.note(sentence)
    call.inputs = {**other.inputs, **call.inputs}
    call.outputs = {**other.outputs, **call.outputs}
    call.changed += [path for path in other.changed if path not in call.changed]


def _compare(record: Call, written: Call) -> None:
    """Note in what a record and what CASA wrote differ."""
    for name, value in written.arguments.items():
        kept = record.arguments.get(name, value)
        if not isinstance(value, Unknown) and not isinstance(kept, Unknown) and not alike(kept, value):
            record.note(f"As it was given: {name}={kept!r}. As CASA wrote it down: {name}={value!r}.")
    if written.casa and record.casa and written.casa != record.casa:
        source = next((each for each in written.sources if each != RECORD), "CASA")
        record.note(f"Contradiction: its record names CASA {record.casa}, {source} CASA {written.casa}.")


def alike(value: Any, other: Any) -> bool:
    """Return whether two values are the same to CASA, which makes lists of single values."""
    value, other = plain(value), plain(other)
    if isinstance(value, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(value) == len(other) and all(map(alike, value, other))
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return alike(value[0], other)
    if isinstance(other, (list, tuple)) and len(other) == 1:
        return alike(value, other[0])
    return bool(value == other) or (value in ("", []) and other in ("", []))
