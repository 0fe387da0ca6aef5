"""After a call: what it did to files, and whether that is all that its row says."""

from __future__ import annotations

import glob
import os
from fnmatch import fnmatch
from typing import Dict, FrozenSet, List, Mapping, Sequence, Set

from casa_desktop.errors import NotKept
from casa_desktop.store import in_use
from casa_desktop.store.keeping import is_within, real_paths
from casa_desktop.store.models import State
from casa_desktop.store.states import Stat, stat_of, state_of

from ..checks import working_folder
from . import table
from .before import Call

# What appears in a folder without any task's doing, or is not a result: a replay leaves a record of each time.
_NO_RESULT = (".casa-reuse", ".ipynb_checkpoints", "__pycache__", "casa-*.log", "*.last", ".nfs*", ".~*", "*.hand")

# The names in some folders.
Entries = Mapping[str, FrozenSet[str]]
# The paths that a call may have made or changed.
Outputs = Sequence[str]


def entries(files: table.Files) -> Entries:
    """Return the names in the working folder, and in those of a call's outputs."""
    folders = {
        working_folder.name(),
        *(os.path.dirname(each) for each in (*files.new, *files.in_place, *files.perhaps)),
    }
    found = {}
    for folder in folders:
        try:
            found[folder] = frozenset(os.listdir(folder))
        except OSError:
            found[folder] = frozenset()
    return found


def outputs(call: Call, around: Entries) -> Outputs:
    """Return the paths of what a call may have made or changed.

    Args:
        call: that has just been made.
        around: what ``entries`` returned before it.

    Raises:
        NotKept: the task did something that its row does not tell, or its writes are not on the disk yet.
        StateUnknown: something cannot be read, or changes at this moment.
    """
    files, digests = call.files, call.store.digests
    perhaps = [path for each in files.perhaps for path in glob.glob(each)]
    made = sorted({*files.new, *files.vacant(), *files.in_place, *perhaps})
    busy = in_use.why_busy([*files.inputs, *made], call.locks)
    if busy is not None:
        raise NotKept(busy)
    for path in call.before:
        if not _is_output(path, files) and state_of(path, digests) != call.before[path]:
            raise NotKept(f"{os.path.basename(path)} changed while {call.task} ran")
    strange = _appeared(around, entries(files), {*made, *files.inputs})
    if strange:
        raise NotKept(f"{strange[0]} appeared while {call.task} ran")
    return made


def states(call: Call, made: Outputs, pins: Mapping[str, Stat]) -> Dict[str, State]:
    """Return the states of what a call has made or changed.

    Args:
        call: the call.
        made: what ``outputs`` returned.
        pins: where the user's code has gone on since then: what ``stat_of`` returned of each of them before.

    Raises:
        NotKept: one of them has changed since then.
        StateUnknown: something cannot be read, or changes at this moment.
    """
    found = {path: state_of(path, call.store.digests) for path in made}
    for path, pin in pins.items():
        if stat_of(path) != pin:
            raise NotKept(f"{os.path.basename(path)} changed right after {call.task} had made it")
        elsewhere = [name for name in found[path].beside if not is_within(name, real_paths(made).values())]
        if elsewhere:
            raise NotKept(f"{os.path.basename(path)} refers to {elsewhere[0]}, which may have changed meanwhile")
    # What there was and was not touched is no output.
    return {path: state for path, state in found.items() if state != call.before.get(path)}


def _is_output(path: str, files: table.Files) -> bool:
    return path in files.in_place or path in files.new or any(fnmatch(path, each) for each in files.perhaps)


def _appeared(before: Entries, after: Entries, known: Set[str]) -> List[str]:
    """Return the names that are new in some folder, and not known."""
    return sorted(
        name
        for folder, names in after.items()
        for name in names - before.get(folder, frozenset())
        if os.path.join(folder, name) not in known and not any(fnmatch(name, each) for each in _NO_RESULT)
    )
