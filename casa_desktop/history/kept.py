"""Calls out of the records of the store, which know the states of what each call read and made."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from ..store.models import Record
from ..store.values import decoded
from . import files
from .models import RECORD, Call, Unknown

_ARGUMENT, _VERSION = "argument ", "surroundings casatasks"


def call(record: Record) -> Call:
    """Return a record's call."""
    inputs = {path: state.digest for path, state in record.before.items() if not state.absent}
    return Call(
        record.task,
        _arguments(record),
        record.made,
        record.seconds,
        casa=record.parts.get(_VERSION, ""),
        sources=[RECORD],
        folder=record.folder,
        cell=record.cell,
        inputs=inputs,
        outputs={path: state.digest for path, state in record.after.items() if not state.absent},
        changed=[path for path in record.after if path in inputs],
    )


def _arguments(record: Record) -> Dict[str, Any]:
    """Return a call's arguments; records of before they were kept whole have the short ones."""
    if record.arguments:
        return {name: _decoded(plain) for name, plain in record.arguments.items()}
    names = [name for name in record.parts if name.startswith(_ARGUMENT)]
    return {name[len(_ARGUMENT) :]: _parsed(record.parts[name]) for name in names}


def _parsed(text: str) -> Any:
    try:
        return _decoded(json.loads(text))
    except ValueError:
        return Unknown(f"it is longer than was kept: {text[:60]}…")


def _decoded(plain: Any) -> Any:
    try:
        return decoded(plain)
    except (ValueError, ImportError):
        return Unknown("it cannot be read back")


def that_made(records: List[Record], path: str, digest: str, before: float) -> Optional[Call]:
    """Return the last call, before a moment, that left a path in a state; None if none is kept.

    A later call that left the same state will do: it is what the former call did, of which no record is left.

    Args:
        records: all that are kept.
        path: absolute.
        digest: of the state.
        before: in seconds since 1970.
    """
    fitting = [each for each in records if path in each.after and each.after[path].digest == digest]
    former = [each for each in fitting if each.made <= before]
    if former:
        return call(max(former, key=lambda each: each.made))
    # Only of what was made new: what was changed in place and changed back would lead round and round.
    again = [each for each in fitting if path not in each.before or each.before[path].absent]
    if not again:
        return None
    later = call(min(again, key=lambda each: each.made))
    later.note(
        f"It was made again on {files.moment(later.ended)}, and this is the record of that; what was read before had "
        "the same contents."
    )
    later.ended = before
    return later
