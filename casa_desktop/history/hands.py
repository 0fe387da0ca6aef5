"""Handwork that lies beside an image or MeasurementSet: found by its name, and given to the call that it belongs to."""

from __future__ import annotations

import glob
import json
import os
from datetime import datetime
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from .arguments import CLEANERS
from .models import Call

_ENDING = ".hand"
_MASKS, _FLAGS = "steps.json", "flags.json"
# In seconds. An ISO time may have no fraction.
_ROUNDING = 1.0


class Hand(NamedTuple):
    """A folder with handwork.

    Attributes:
        folder: absolute.
        task: that waited for hands; empty if that cannot be read.
        made: when it was called, in seconds since 1970; 0 if that cannot be read.
        replayed: of a replay, the record from which the answers came; empty if hands gave them.
        remarks: of a replay, what was told at its end, as sentences.
    """

    folder: str
    task: str
    made: float
    replayed: str = ""
    remarks: Tuple[str, ...] = ()


def beside(path: str) -> List[Hand]:
    """Return the handwork beside a table: of all images of its cleaning, or of a MeasurementSet's flags."""
    names = {path}
    start, dot, _ = os.path.basename(path).rpartition(".")
    while dot:
        names.add(os.path.join(os.path.dirname(path), start))
        start, dot, _ = start.rpartition(".")
    found: Dict[str, str] = {}
    for name in sorted(names):
        for folder in [name + _ENDING, *glob.glob(f"{glob.escape(name)}.[0-9]*{_ENDING}")]:
            if os.path.isfile(os.path.join(folder, _MASKS)):
                found[folder] = os.path.join(folder, _MASKS)
            for file in glob.glob(os.path.join(glob.escape(folder), "*", _FLAGS)):
                found[os.path.dirname(file)] = file
    return sorted((_read(folder, file) for folder, file in found.items()), key=lambda hand: (hand.made, hand.folder))


def _read(folder: str, file: str) -> Hand:
    try:
        with open(file, encoding="utf-8") as text:
            plain: Any = json.load(text)
        made = datetime.fromisoformat(str(plain["made"])).timestamp()
        remarks = tuple(map(str, plain.get("remarks", ())))
        return Hand(folder, str(plain.get("task", "")), made, str(plain.get("replayed", "")), remarks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Hand(folder, "", 0.0)


def give(hands: Iterable[Hand], calls: List[Call]) -> List[Hand]:
    """Give each handwork of a cleaning to its call, by task and time; return those that belong to no call."""
    left = list(hands)
    for call in sorted(filter(_waited, calls), key=lambda call: call.ended):
        # A cleaning that waits for hands may take hours, and the one before it may have made another image: the
        # youngest handwork that is older than the cleaning's end is its own.
        fitting = [hand for hand in left if hand.task == call.task and _within(hand, call)]
        own = max(fitting, key=lambda hand: hand.made, default=None)
        if own is not None:
            call.hand.append(own.folder)
            if own.replayed:
                call.note(" ".join([f"A replay of {own.replayed}.", *own.remarks]))
            left.remove(own)
    return left


def _within(hand: Hand, call: Call) -> bool:
    known = call.seconds is not None
    return hand.made <= call.ended + _ROUNDING and (not known or hand.made >= call.began - _ROUNDING)


def _waited(call: Call) -> bool:
    # False, "" and 0 are CASA's words for no.
    return call.task in CLEANERS and bool(call.arguments.get("interactive"))
