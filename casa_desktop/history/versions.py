"""A history as a graph, for formats of others: each state of a file is a thing of its own, that calls read and make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Sequence, Tuple
from urllib.parse import quote

from .models import Call, History

STRANGE = -1


class Version(NamedTuple):
    """A file or table in one state.

    Attributes:
        path: absolute.
        number: 0 for what a chain begins with; ``STRANGE`` for what was read in a state that no call here has left;
            else how many calls had made or changed it.
        digest: of the state; empty if it is not known.
    """

    path: str
    number: int
    digest: str

    @property
    def name(self) -> Tuple[str, str]:
        """A name that no other version of the same history has: its path, quoted as in a URL, and a mark of its state.

        Each format joins the two in a way of its own.
        """
        return quote(self.path), self.digest[:16] or str(self.number)


@dataclass(frozen=True)
class Step:
    """A call with the versions that it read and made."""

    call: Call
    used: Sequence[Version]
    made: Sequence[Version]
    # The former and the new version of what it changed in place.
    revised: Sequence[Tuple[Version, Version]]


def steps(history: History) -> List[Step]:
    """Return the calls of a history, in order, with what each read and made."""
    current: Dict[str, Version] = {}
    counts: Dict[str, int] = {}
    found = []
    for call in history.calls:
        before = dict.fromkeys([*call.inputs, *call.changed], "")
        before.update({path: digest for path, digest in call.inputs.items() if digest})
        used = {path: _version(path, digest, current) for path, digest in before.items()}
        made = []
        for path, digest in call.outputs.items():
            counts[path] = counts.get(path, 0) + 1
            current[path] = Version(path, counts[path], digest)
            made.append(current[path])
        revised = [(used[new.path], new) for new in made if new.path in call.changed and new.path in used]
        found.append(Step(call, list(used.values()), made, revised))
    return found


def _version(path: str, digest: str, current: Dict[str, Version]) -> Version:
    """Return the version that was read: the last one, unless its state is known to be another."""
    last = current.get(path)
    if last is not None and (not digest or not last.digest or digest == last.digest):
        return last
    return current.setdefault(path, Version(path, 0, digest)) if last is None else Version(path, STRANGE, digest)
