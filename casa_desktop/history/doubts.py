"""What cannot be known of a history, and what contradicts itself, in sentences."""

from __future__ import annotations

import os
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

from ..store.models import Record
from ..system import durations
from . import arguments, files
from .models import Call, Unknown, Written

FOREVER = float("inf")
# In seconds: a task writes its history before it closes a table.
_CLOSING = 10.0


class Seen(NamedTuple):
    """One look at a path, as it was at a moment.

    Attributes:
        path: absolute.
        limit: the moment, in seconds since 1970.
        digest: of its state then; empty if it is not known.
        written: what CASA has written into it until now.
        chain: the calls that states prove to have made it.
        own: all calls that made it, with those that made what it was made of.
        later: the calls after that moment of which CASA tells.
    """

    path: str
    limit: float
    digest: str
    written: Written
    chain: Sequence[Call]
    own: Sequence[Call]
    later: Sequence[Call]

    @property
    def name(self) -> str:
        """The path without its folder."""
        return os.path.basename(self.path)

    def is_made_by(self, call: Call) -> bool:
        """Return whether a call made it new."""
        return self.path in call.outputs and self.path not in call.changed

    def is_of(self, call: Call) -> bool:
        """Return whether a call made or changed it itself, and not what it was made of."""
        return self.path in call.outputs


def of(looks: Sequence[Seen], calls: Sequence[Call], states: Callable[[str], List[str]]) -> Iterator[str]:
    """Return what is to be said of the tables that were looked at.

    Args:
        looks: all of them.
        calls: all calls that were found.
        states: returns the states that a path is proved to have had, up to the one of now.
    """
    shown = {(call.task, round(call.ended)) for call in calls}
    since: Dict[str, List[Call]] = {}
    for look in looks:
        since.setdefault(look.path, [])
        since[look.path] += [
            call for call in look.later if look.is_of(call) and (call.task, round(call.ended)) not in shown
        ]
    for path, later in since.items():
        if later:
            tasks = ", ".join(dict.fromkeys(f"{call.task} ({files.moment(call.ended)})" for call in later))
            yield f"{os.path.basename(path)} has been changed since it was read: by {tasks}."
    for look in looks:
        yield from _made_anew(look)
        yield from _between(look)
        if not look.later and not since[look.path]:
            yield from _changed(look, states)


def is_intact(look: Seen, state: Callable[[str], str]) -> bool:
    """Return whether a path is now as it was at the moment of a look.

    Args:
        look: at it.
        state: returns the digest of the state of a path now.
    """
    if look.limit == FOREVER:
        return True
    if look.digest:
        return state(look.path) == look.digest
    age = files.written(look.path)
    return bool(age) and age <= look.limit + _CLOSING and not any(look.is_of(call) for call in look.later)


def _made_anew(look: Seen) -> Iterator[str]:
    maker = next((call for call in look.later if look.is_made_by(call)), None)
    if maker is not None and not look.chain:
        yield (
            f"{look.name} was made anew by {maker.task} on {files.moment(maker.ended)}, after it had been read on "
            f"{files.moment(look.limit)}. What it was made of before is not known."
        )


def _between(look: Seen) -> Iterator[str]:
    """Say so if CASA tells of a call between two others, although by their states there was none."""
    proved = {(call.task, call.ended) for call in look.chain}
    for call in look.own:
        gaps = zip(look.chain, look.chain[1:])
        between = any(first.ended + _CLOSING < call.ended < last.began for first, last in gaps)
        if between and (call.task, call.ended) not in proved and look.is_of(call):
            yield (
                f"Contradiction: {call.sources[0]} has a call of {call.task} on {files.moment(call.ended)}, but by "
                f"the states in the records nothing changed {look.name} then."
            )


def _changed(look: Seen, states: Callable[[str], List[str]]) -> Iterator[str]:
    """Say so if a table is not what its last call, or the call that has read it, knew."""
    age = files.written(look.path)
    if not age or (look.chain and look.limit == FOREVER):
        return
    if look.limit != FOREVER:
        if look.digest and look.digest not in states(look.path):
            yield (
                f"{look.name} is not what was read on {files.moment(look.limit)}: it has been changed since, and "
                "nothing tells by what."
            )
        elif not look.digest and age > look.limit + _CLOSING:
            yield (
                f"{look.name} was written on {files.moment(age)}, after it had been read on "
                f"{files.moment(look.limit)}: it was copied then, or changed by something that writes no history."
            )
        return
    last = max((call.ended for call in look.own), default=0.0)
    if _left_otherwise(look):
        yield f"{look.name} is not as its last call left it: it was changed since by something that writes no history."
    elif look.own and age > last + _CLOSING:
        yield (
            f"{look.name} was written on {files.moment(age)}, {durations.shown(age - last, digits=2)} after its last "
            "call here: it was copied then, or changed by something that writes no history."
        )


def _left_otherwise(look: Seen) -> bool:
    """Return whether the last call of a table is one whose record knows another state after it."""
    last = max((call for call in look.own if look.is_of(call)), key=lambda call: call.ended, default=None)
    return last is not None and bool(last.outputs[look.path])


def of_start(look: Seen, exists: bool, record: Optional[Record]) -> Iterator[str]:
    """Return what is known of a file at which a chain begins, as clauses.

    Args:
        look: at it.
        exists: whether it is there.
        record: the last call that is kept of those that made or changed it.
    """
    keywords = look.written.keywords
    if not exists:
        yield "it is not there"
    elif "MSName" in keywords:
        yield (
            f"a calibration table ({keywords.get('VisCal', 'of unknown kind')}) of {keywords['MSName']}, made by CASA "
            f"{keywords.get('CASA_Version', 'of unknown version')}; CASA does not write down by which call"
        )
    elif look.written.where == "FITS header":
        yield (
            f"a FITS file, written by {keywords.get('ORIGIN', 'an unknown program')} on "
            f"{keywords.get('DATE', 'an unknown day')}; by which call, and from what, is not written down"
        )
    elif look.own and look.path not in look.own[-1].outputs:
        names = ", ".join(os.path.basename(path) for path in look.own[-1].outputs) or "something else"
        yield f"its last call, {look.own[-1].task}, made {names}: it may be that one, renamed or copied"
    if record is not None and not look.chain and look.digest and record.after[look.path].digest != look.digest:
        yield (
            f"not as the kept call of {record.task} on {files.moment(record.made)} has left it: it was made anew, or "
            "changed since"
        )


def of_strangers(path: str, calls: Sequence[Call]) -> None:
    """Note where a cleaning tells of itself in an image that it did not make.

    Args:
        path: of the image.
        calls: what is written in it, in its order.
    """
    makers = [place for place, call in enumerate(calls) if path in call.outputs and path not in call.changed]
    for place, call in enumerate(calls):
        # In front of the call that made this image, it is the history of another one.
        if call.task in arguments.CLEANERS and path not in call.outputs and place > min(makers, default=len(calls)):
            call.note(
                f"{call.task} writes itself into every image whose name begins with its imagename, also into "
                f"{os.path.basename(path)}, which is none of its own."
            )


def of_call(call: Call) -> None:
    """Note what is not known of a call."""
    if call.arguments.get("interactive") and not call.hand and call.task in arguments.CLEANERS:
        replayed = call.arguments.get(arguments.HAND)
        how = f"It replayed {replayed}" if replayed else "It was cleaned by hand"
        call.note(f"{how}, and no record of the masks is there.")
    for name, value in call.arguments.items():
        if isinstance(value, Unknown):
            call.note(f"Not known: {name} ({value.text[:80].strip()}).")
