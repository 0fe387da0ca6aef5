"""Follow a file or table back to what it was made of.

Two things tell how a table was made. Records of the store know the states before and after each call: where the state
of today is one that a call left, that call made it, and so on with the states that this call read. What CASA itself
writes into tables knows no states: there the order of the lines and the times must do; what they leave open is said.
"""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Sequence, Set, Tuple

from ..errors import StateUnknown
from ..store import in_use
from ..store.models import ABSENT, Record
from . import arguments, blocks, doubts, files, flaggings, hands, kept
from .doubts import FOREVER, Seen
from .merging import merge, same
from .models import RECORD, Call, History, Row, Start, Written
from .reader import Reader

# Nothing has as many; it would be a mistake of ours.
_MOST = 10_000
_CALIBRATION = "MSName"
# A record knows when a call began by its duration, and two clocks measure that. CASA's own times have microseconds, and
# short calls follow each other within a tenth of a second.
_ROUNDING = 0.01


class Tracer:
    """Follows chains, in one look at the disk.

    Args:
        reader: reads what CASA has written.
        records: all that the store has kept.
        state: returns the digest of the state of a path now, ``absent`` if nothing is there.
    """

    def __init__(self, reader: Reader, records: Sequence[Record], state: Callable[[str], str]) -> None:
        self._reader, self._records, self._state = reader, list(records), state
        self._kept = {path for record in records for path in (*record.before, *record.after)}
        self._calls: List[Call] = []
        self._starts: List[Start] = []
        self._notes: List[str] = []
        self._remarks: List[Tuple[str, Row]] = []
        self._looks: List[Seen] = []
        self._done: Set[Tuple[str, str, float]] = set()
        self._flaggings: Dict[str, List[flaggings.Flagging]] = {}

    def history(self, path: str) -> History:
        """Return how what lies at an absolute path was made."""
        busy = in_use.why_busy([path])
        if busy is not None:
            self._note(f"{busy}: what is said here is of what is on the disk now.")
        digest = self._digest(path)
        self._follow(path, FOREVER, digest)
        self._calls.sort(key=lambda call: call.ended)
        self._weigh_flaggings()
        self._give_hands(path)
        for sentence in doubts.of(self._looks, self._calls, self._states_since):
            self._note(sentence)
        for call in self._calls:
            doubts.of_call(call)
        last = {look.path: look for look in sorted(self._looks, key=lambda look: look.limit)}
        intact = {each for each, look in last.items() if doubts.is_intact(look, self._digest)}
        return History(path, digest, self._calls, self._starts, self._notes, self._remarks, intact)

    def _digest(self, path: str) -> str:
        """Return the digest of a path's state now; empty if it cannot be told, or no record can be compared with it."""
        if path not in self._kept:
            # A large table would have to be read whole.
            return ""
        try:
            return self._state(path)
        except (StateUnknown, OSError) as error:
            self._note(f"The state of {path} is not known, so that no record can be proved to be of it: {error}")
            return ""

    def _note(self, sentence: str) -> None:
        if sentence not in self._notes:
            self._notes.append(sentence)

    # One file or table

    def _follow(self, path: str, limit: float, digest: str) -> None:
        """Add the calls that made what was at a path at a moment.

        Args:
            path: absolute.
            limit: the moment, in seconds since 1970.
            digest: of its state then; empty if it is not known.
        """
        if (path, digest, limit) in self._done or len(self._done) > _MOST:
            return
        self._done.add((path, digest, limit))
        chain, rest = self._proved(path, limit, digest or self._since(path, limit))
        written = self._written(path)
        told = self._told(path, written)
        earlier, later = [call for call in told if call.ended <= limit], [call for call in told if call.ended > limit]
        kept_too = self._kept_of(path, earlier, chain)
        own = _each_once([*merge(self._calls, [*kept_too, *chain]), *merge(self._calls, earlier)])
        look = Seen(path, limit, digest, written, chain, own, later)
        self._looks.append(look)
        if rest != ABSENT and not any(look.is_made_by(call) for call in own):
            self._begin(look, rest)
        for call in own:
            self._follow_inputs(call, path)
            if call.task in arguments.CLEANERS and RECORD not in call.sources:
                self._follow_images(call, path)

    def _proved(self, path: str, limit: float, digest: str) -> Tuple[List[Call], str]:
        """Return the calls whose states prove that they made what is at a path, and the state that is left to prove."""
        chain: List[Call] = []
        rest, before = digest, limit
        while rest and rest != ABSENT and len(chain) < _MOST:
            call = kept.that_made(self._records, path, rest, before)
            if call is None:
                break
            call.proved = True
            chain.append(call)
            before = call.began + _ROUNDING
            rest = call.inputs.get(path, ABSENT)
        return chain[::-1], rest

    def _since(self, path: str, limit: float) -> str:
        """Return the state of now, if a call that is kept left it before a moment; empty if not."""
        digest = self._digest(path) if os.path.exists(path) else ""
        made = any(
            path in each.after and each.after[path].digest == digest and each.made <= limit for each in self._records
        )
        return digest if made else ""

    def _states_since(self, path: str) -> List[str]:
        """Return the states that a path is proved to have had, up to the one of now."""
        digest = self._digest(path)
        chain, rest = self._proved(path, FOREVER, digest)
        return [digest, rest, *(call.inputs.get(path, "") for call in chain)]

    def _kept_of(self, path: str, told: Sequence[Call], chain: Sequence[Call]) -> List[Call]:
        """Return the records of calls that CASA tells of, where no state proves them: the table has changed since."""
        proved = {(call.task, call.ended) for call in chain}
        records = [each for each in self._records if path in each.after and (each.task, each.made) not in proved]
        return [
            kept.call(record)
            for record in records
            if any(
                call.task == record.task and record.made - record.seconds - _ROUNDING <= call.ended <= record.made
                for call in told
            )
        ]

    def _written(self, path: str) -> Written:
        if not os.path.exists(path):
            return Written("")
        written = self._reader.read(path)
        if written.problem and not self._reader.without:
            self._note(f"What CASA has written into {path} is not known: {written.problem}.")
        return written

    def _told(self, path: str, written: Written) -> List[Call]:
        """Return the calls that CASA tells of in a table, in their order."""
        place = f"{written.where} of {os.path.basename(path)}"
        found, remarks = blocks.calls(written.rows, place)
        if not any(look.path == path for look in self._looks):
            self._remarks += [(place, row) for row in remarks]
        latest = files.parsed(written.keywords.get("DATE", ""))
        for call in found:
            # The times in a header are rounded; that of the file is not.
            call.ended = min(call.ended, latest) if latest else call.ended
            call.arguments = arguments.renamed(call, self._reader.defaults)
            _complete(call, path)
        _go_on(found, path)
        doubts.of_strangers(path, found)
        return self._with_flaggings(path, found)

    def _with_flaggings(self, path: str, told: List[Call]) -> List[Call]:
        """Add to the calls of which CASA tells the flaggings by hand, by their times."""
        made = flaggings.of(path, told)
        self._flaggings.setdefault(path, made)
        there = {id(call) for call in told}
        pairs = ((each.call, each.undone) for each in made)
        more = [call for pair in pairs for call in pair if call is not None and id(call) not in there]
        return sorted([*told, *more], key=lambda call: call.ended) if more else told

    def _begin(self, look: Seen, digest: str) -> None:
        """Add what a chain begins with: nothing tells which call made it."""
        path, written = look.path, look.written
        start = next((each for each in self._starts if each.path == path), None)
        if start is None:
            start = Start(path, os.path.lexists(path), digest)
            self._starts.append(start)
        record = max((each for each in self._records if path in each.after), key=lambda each: each.made, default=None)
        for note in doubts.of_start(look, start.exists, record):
            if note not in start.notes:
                start.notes.append(note)
        if _CALIBRATION in written.keywords:
            # Of the MeasurementSet as it was when the table was written.
            ms = os.path.join(os.path.dirname(path), os.path.basename(written.keywords[_CALIBRATION]))
            if os.path.exists(ms):
                self._follow(ms, min(look.limit, files.written(path)), "")

    def _follow_inputs(self, call: Call, path: str) -> None:
        for there, digest in list(call.inputs.items()):
            # What it changed in place is the same table, whose own chain goes on before it.
            if there != path or there not in call.changed:
                self._follow(there, call.began + _ROUNDING if RECORD in call.sources else call.ended, digest)

    def _follow_images(self, call: Call, path: str) -> None:
        """Add what the other images of a cleaning tell: it goes on with those of former calls that are there."""
        for there in arguments.images(call.arguments, os.path.dirname(path)):
            if there == path or (there, "", call.ended) in self._done:
                continue
            self._done.add((there, "", call.ended))
            told = self._told(there, self._written(there))
            here = [place for place, each in enumerate(told) if same(call, each)]
            own = merge(self._calls, told[: here[-1] + 1] if here else [])
            for each in own:
                self._follow_inputs(each, there)

    def _weigh_flaggings(self) -> None:
        """Leave out flaggings that were taken back before they mattered; say where flags changed in between."""
        for made in self._flaggings.values():
            for sentence in flaggings.doubts(made, self._calls):
                self._note(sentence)
            without = {_identity(call) for call in flaggings.without_effect(made, self._calls)}
            self._calls = [call for call in self._calls if _identity(call) not in without]

    def _give_hands(self, path: str) -> None:
        paths = dict.fromkeys([path, *(each for call in self._calls for each in call.outputs)])
        found = {hand.folder: hand for each in paths for hand in hands.beside(each)}
        for made in self._flaggings.values():
            for each in made:
                found.pop(each.folder, None)
        for hand in hands.give(found.values(), self._calls):
            when = f" of {files.moment(hand.made)}" if hand.made else ""
            self._note(f"There is handwork{when} in {hand.folder}, which is of none of these calls.")


def _identity(call: Call) -> Tuple[str, float, Tuple[str, ...]]:
    """Return what tells a flagging by hand from all other calls: it may have been found several times."""
    return call.task, call.ended, tuple(call.hand)


def _each_once(calls: Sequence[Call]) -> List[Call]:
    return list({id(call): call for call in calls}.values())


def _go_on(calls: Sequence[Call], path: str) -> None:
    """Have a cleaning that found an image of a former one change it, and not make it."""
    cleanings = [call for call in calls if call.task in arguments.CLEANERS and path in call.outputs]
    for call in cleanings[1:]:
        call.changed.append(path)


def _complete(call: Call, path: str) -> None:
    """Add to a call what it read and made. CASA has written about it into the table at ``path``."""
    folder = os.path.dirname(path)
    for text in arguments.made(call.task, call.arguments):
        call.outputs.setdefault(_absolute(text, folder), "")
    for text in arguments.changed(call.task, call.arguments):
        there = _absolute(text, folder)
        call.outputs.setdefault(there, "")
        if there not in call.changed:
            call.changed.append(there)
    if call.task in arguments.CLEANERS and arguments.cleaned(call.arguments, path):
        call.outputs.setdefault(path, "")
    for text, must in arguments.read(call.task, call.arguments):
        there = _absolute(text, folder)
        if there not in call.outputs and (must or os.path.exists(there)):
            call.inputs.setdefault(there, "")


def _absolute(text: str, folder: str) -> str:
    path = os.path.normpath(os.path.join(folder, os.path.expanduser(os.path.expandvars(text))))
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
