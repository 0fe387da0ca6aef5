"""Handwork that lies beside an image or MeasurementSet: found by its name, and given to the call that it belongs to."""

from __future__ import annotations

import glob
import json
import os
from datetime import datetime
from typing import Any, Dict, Iterable, List, NamedTuple

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
    """

    folder: str
    task: str
    made: float


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
        return Hand(folder, str(plain.get("task", "")), datetime.fromisoformat(str(plain["made"])).timestamp())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Hand(folder, "", 0.0)


def give(hands: Iterable[Hand], calls: List[Call]) -> List[Hand]:
    """Give each handwork of a cleaning to its call, by task and time; return those that belong to no call."""
    left = []
    for hand in hands:
        fitting = [
            call for call in calls if call.task == hand.task and hand.made <= call.ended + _ROUNDING and not call.hand
        ]
        # A cleaning that waits for hands may take hours; the first that ended after it began is its call.
        first = min(fitting, key=lambda call: call.ended, default=None)
        if hand.task in CLEANERS and first is not None and _waited(first):
            first.hand.append(hand.folder)
        else:
            left.append(hand)
    return left


def _waited(call: Call) -> bool:
    # False, "" and 0 are CASA's words for no.
    return bool(call.arguments.get("interactive"))
