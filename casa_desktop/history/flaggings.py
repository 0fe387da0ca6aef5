"""Flaggings by hand, as calls of a history: their records beside a table tell when each was made, and taken back.

CASA itself writes nothing of them. A record knows the flags before and after it, so that two that follow each other
tell whether something else has changed flags between them.
"""

from __future__ import annotations

import glob
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ..system.files import parsed
from . import files
from .models import Call

# The task whose window flags while it runs; CASA writes the call itself down.
_OWN_TASK = "flagdata"
# In seconds: times of older records have none below one.
_ROUNDING = 1.0
UNDO = "%casa_hand undo"
_ENDING, _FLAGS, _BITS = ".hand", "flags.json", "flags.npz"


class Flagging(NamedTuple):
    """A flagging with its calls.

    Attributes:
        folder: of its record.
        before, after: digests of the flags.
        call: the call that flagged.
        undone: the call that took it back, if any did.
    """

    folder: str
    before: str
    after: str
    call: Call
    undone: Optional[Call]


def of(path: str, written: Sequence[Call]) -> List[Flagging]:
    """Return the flaggings of a MeasurementSet whose records can be read, the first one first.

    Args:
        path: absolute.
        written: the calls of which CASA tells. Those of flagdata in whose display it was flagged get the flaggings.
    """
    found = []
    for file in sorted(glob.glob(os.path.join(f"{glob.escape(path)}{_ENDING}", "[0-9]*", _FLAGS))):
        # What cannot be read is named as handwork of which nothing more is known.
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            found.append(_flagging(path, os.path.dirname(file), parsed(Path(file).read_bytes()), written))
    return sorted(found, key=lambda each: each.call.ended)


def _flagging(path: str, folder: str, record: Mapping[str, Any], written: Sequence[Call]) -> Flagging:
    text, undone = _text(record), record["undone"]
    # The bits are written once; the other file again when it is taken back.
    made = _finer(_seconds(record["made"]), os.path.join(folder, _BITS))
    back = _finer(_seconds(undone), os.path.join(folder, _FLAGS)) if undone else 0.0
    undo = _call(UNDO, path, back, folder, f"taken back: {text}") if undone else None
    call = _display(str(record["task"]), made, written)
    if call is None:
        call = _call(str(record["task"]), path, made, folder, text)
        call.casa = str(record["versions"].get("casatools", ""))
    call.by_hand, call.hand = text, [folder]
    return Flagging(folder, str(record["before"]), str(record["after"]), call, undo)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _finer(seconds: float, file: str) -> float:
    """Return a time in whole seconds with the fraction of a file's that was written then, or within a second."""
    if seconds % 1:
        return seconds
    with suppress(OSError):
        written = os.stat(file).st_mtime
        return written if 0 <= written - seconds < 2 * _ROUNDING else seconds
    return seconds


def _text(record: Mapping[str, Any]) -> str:
    rows = record["row_flagged"] + record["row_unflagged"]
    parts = [f"{record[name]:,} visibilities {name}" for name in ("flagged", "unflagged") if record[name]]
    return " and ".join(parts) or f"FLAG_ROW of {rows:,} rows changed"


def _call(task: str, path: str, ended: float, folder: str, by_hand: str) -> Call:
    source = os.path.join(os.path.basename(os.path.dirname(folder)), os.path.basename(folder))
    made = Call(task, {"vis": os.path.basename(path)}, ended, sources=[source], outputs={path: ""}, changed=[path])
    made.hand, made.by_hand = [folder], by_hand
    return made


def _display(task: str, made: float, written: Sequence[Call]) -> Optional[Call]:
    """Return the call in whose window it was flagged, if CASA tells of that."""
    fitting = [
        call
        for call in written
        if call.task == task == _OWN_TASK
        and call.arguments.get("display")
        and not call.hand
        and call.ended <= made + _ROUNDING
    ]
    return max(fitting, key=lambda call: call.ended, default=None)


def without_effect(flaggings: Sequence[Flagging], calls: Sequence[Call]) -> List[Call]:
    """Return the calls of flaggings that were taken back before any other call used their table."""
    found: List[Call] = []
    for each in flaggings:
        if each.undone is None:
            continue
        (path,) = each.undone.changed
        between = (
            call
            for call in calls
            if not call.by_hand
            and (path in call.inputs or path in call.outputs)
            and each.call.ended <= call.ended
            and call.began <= each.undone.ended
        )
        if each.call.task != _OWN_TASK and not any(between):
            found += [each.call, each.undone]
    return found


def doubts(flaggings: Sequence[Flagging], calls: Sequence[Call]) -> Iterator[str]:
    """Say where the flags that a record begins with are not those that the one before has left, and no call tells why.

    Args:
        flaggings: of one table, the first one first.
        calls: all that are known.
    """
    for first, then in zip(flaggings, flaggings[1:]):
        (path,) = then.call.changed[:1] or [""]
        known = [
            call
            for call in calls
            if path in call.changed
            and not any((call.task, call.hand) == (each.call.task, each.call.hand) for each in (first, then))
            and first.call.ended - _ROUNDING <= call.ended <= then.call.ended + _ROUNDING
        ]
        if first.after != then.before and not known:
            yield (
                f"The flags of {os.path.basename(path)} were changed between {files.moment(first.call.ended)} and "
                f"{files.moment(then.call.ended)}, and nothing tells by what."
            )
