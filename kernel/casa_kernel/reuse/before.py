"""Before a call: what it depends on, and whether the result of the same call may be put back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Union

from casa_desktop.errors import CasaDesktopError
from casa_desktop.store import in_use
from casa_desktop.store.models import Record, State
from casa_desktop.store.states import state_of
from casa_desktop.store.store import Store

from . import key, table
from .said import said


@dataclass(frozen=True)
class Call:
    """A call of which it is known what it depends on.

    Attributes:
        cell: the cell that makes it.
        files: what it reads and writes.
        before: the states of its inputs.
        parts: what its key is made of.
        key: the key.
        store: where its result is looked for, and kept.
        arguments: all of them, with defaults.
        folder: the working folder.
        locks: is asked for the locks on its tables; without it /proc/locks is read.
    """

    task: str
    cell: str
    files: table.Files
    before: Mapping[str, State]
    parts: Mapping[str, str]
    key: str
    store: Store
    arguments: Mapping[str, Any]
    folder: str
    locks: Optional[in_use.Asked] = None


def look(
    task: str,
    cell: str,
    arguments: Mapping[str, Any],
    folder: str,
    store: Callable[[], Store],
    surroundings: Callable[[str, Sequence[str]], Mapping[str, str]],
    locks: in_use.Asked,
) -> Union[Call, str]:
    """Return what a call depends on; or, in words, why that is not known.

    Args:
        task: the task's name.
        cell: the cell that calls it.
        arguments: all its parameters, with defaults.
        folder: the working folder.
        store: returns the store; called only if the task is known.
        surroundings: as for ``Calls``.
        locks: is asked for the locks on its tables.
    """
    files = table.files(task, arguments, folder)
    if isinstance(files, table.SimplyRun):
        return files.reason
    try:
        kept = store()
        busy = in_use.why_busy([*files.inputs, *files.new], locks)
        if busy is not None:
            return busy
        vacant = files.vacant()
        before = {path: state_of(path, kept.digests) for path in files.inputs if path not in vacant}
        named = key.parts(task, arguments, before, [*files.new, *files.perhaps], surroundings(task, files.hidden))
    except (CasaDesktopError, OSError, RuntimeError) as error:
        return said(error)
    return Call(task, cell, files, before, named, key.of(named), kept, arguments, folder, locks)


def live(call: Call, record: Record) -> Dict[str, State]:
    """Return the states that a call's outputs have now; those that are inputs, too, were looked at already.

    Raises:
        StateUnknown: one of them cannot be read, or changes at this moment.
    """
    return {
        path: call.before[path] if path in call.before else state_of(path, call.store.digests) for path in record.after
    }


def made_by_others(call: Call, record: Record, there: Mapping[str, State]) -> str:
    """Return the name of what would be lost if a call's outputs were put back; empty if that is nothing.

    Its inputs are what they were then. Where it made something new, CASA would refuse to write over what lies
    there; so that must have been made by a call that is kept, too.
    """
    for path, after in record.after.items():
        state = there[path]
        if path in call.before or state.absent or state.digest == after.digest:
            continue
        if not call.store.has_made(path, state):
            return os.path.basename(path)
    return ""
