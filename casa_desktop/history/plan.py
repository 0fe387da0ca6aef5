"""Which calls of a history must be made again to have its result, and from what.

What a chain begins with need not be made as it was before all calls, if it is still as it was when it was last read:
then the calls that have changed it in place are in it already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Set

from . import versions
from .models import Call, History
from .versions import STRANGE, Version


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        calls: to make, in order.
        contained: calls whose results are in what is copied.
        as_is: the paths that are needed as they are now.
        before: the paths that are needed as they were before the calls that change them in place.
        strange: the paths that were read in a state that no call here has left, and that is no more.
    """

    calls: List[Call]
    contained: List[Call]
    as_is: List[str]
    before: List[str]
    strange: List[str]


def of(history: History) -> Plan:
    """Return the plan for a history's path."""
    steps = versions.steps(history)
    last = {version.path: version for step in steps for version in step.made}
    made_new = {path for call in history.calls for path in call.outputs if path not in call.changed}
    wanted: Set[Version] = {last[history.path]} if history.path in last else set()
    calls: List[Call] = []
    starts: Set[Version] = set()
    for step in reversed(steps):
        if not wanted.intersection(step.made):
            continue
        calls.append(step.call)
        wanted.difference_update(step.made)
        for version in step.used:
            is_there = version.path not in made_new and version.path in history.intact and version.path != history.path
            if is_there and version == last.get(version.path, version):
                starts.add(version)
            else:
                wanted.add(version)
    as_is = [version.path for version in starts]
    before = [version.path for version in wanted if version.number == 0]
    strange = [version.path for version in wanted if version.number == STRANGE]
    contained = [call for call in history.calls if all(call is not each for each in calls)]
    return Plan(calls[::-1], contained, sorted(set(as_is)), sorted(set(before)), sorted(set(strange)))
