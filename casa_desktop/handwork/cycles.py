"""The cycles of a recorded cleaning, as CASA ran them: with which masks, and to which depth, each field was cleaned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Tuple

from .models import STOP, Minor, Record, Step


@dataclass(frozen=True)
class Cycle:
    """One minor cycle and what was drawn before it.

    Attributes:
        minor: what CASA ordered.
        masks: of each field whose mask was drawn anew before it, the key in ``masks.npz``.
        fields: the fields that were cleaned in it; a field that was stopped is not cleaned any more.
    """

    minor: Minor
    masks: Mapping[str, str]
    fields: Tuple[str, ...]


def cycles(record: Record) -> Tuple[List[Cycle], Dict[str, str]]:
    """Return the cycles in their order, and the masks that were drawn behind the last one: those of a "stop"."""
    drawn: Dict[str, str] = {}
    stopped: set[str] = set()
    found, number = [], 0
    for minor in record.minors:
        steps = [step for step in record.steps if number < step.cycle <= minor.cycle]
        stopped |= {step.image for step in steps if step.action == STOP}
        masks = _new(steps, drawn)
        found.append(Cycle(minor, masks, tuple(name for name in record.images if name not in stopped)))
        number = minor.cycle
    return found, _new((step for step in record.steps if step.cycle > number), drawn)


def _new(steps: Iterable[Step], drawn: Dict[str, str]) -> Dict[str, str]:
    """Return the masks that differ from those drawn before, which are noted in ``drawn``."""
    masks = {step.image: key for step in steps for key in step.masks.values()}
    new = {name: key for name, key in masks.items() if drawn.get(name) != key}
    drawn.update(new)
    return new
