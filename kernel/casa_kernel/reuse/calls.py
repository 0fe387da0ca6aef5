"""Make a call, or put back what the same call made before."""

from __future__ import annotations

import glob
import os
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Protocol, Sequence, Set, Union

from casa_desktop.errors import CasaDesktopError, NotKept, NotPutBack
from casa_desktop.store import in_use, values
from casa_desktop.store.models import Record, State
from casa_desktop.store.states import state_of
from casa_desktop.store.store import Store

from ..checks import working_folder
from . import display, key, rows, table
from .capture import Capture, Printed, Shower
from .session import FAILED, RAN, REUSED, Session, Story

# What appears in a folder without any task's doing, or is not a result.
_NO_RESULT = (".casa-reuse", ".ipynb_checkpoints", "__pycache__", "casa-*.log", "*.last", ".nfs*", ".~*")


class Notebook(Shower, Protocol):
    """The notebook; implemented by ``jupyter.notebook``."""

    def show(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Put a MIME bundle into the cell."""


@dataclass(frozen=True)
class _Call:
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


class Calls:
    """The calls of one kernel.

    Attributes:
        session: what has become of each.
        saved: the seconds that calls took whose results were reused.
    """

    def __init__(
        self,
        front: Notebook,
        printed: Printed,
        logfile: Callable[[], Path],
        cell: Callable[[], str],
        surroundings: Callable[[str, Sequence[str]], Mapping[str, str]],
        columns: Callable[[str, Sequence[str]], Sequence[str]],
        environ: Mapping[str, str],
    ) -> None:
        """Prepare for a kernel.

        Args:
            front: the notebook.
            printed: what is printed in it.
            logfile: returns the path of CASA's log.
            cell: returns the name of the running cell, like ``[7]``.
            surroundings: returns what else the result of a task depends on, given its name and the hidden state of the
                process on which it depends.
            columns: returns what files of a table hold, given its path.
            environ: the environment variables.
        """
        self.session, self.saved = Session(columns), 0.0
        self._front, self._printed, self._logfile, self._cell = front, printed, logfile, cell
        self._surroundings, self._environ = surroundings, environ
        self._stores: Dict[str, Store] = {}
        self._anew: Set[str] = set()

    def store(self) -> Store:
        """Return the store of the working folder.

        Raises:
            CasaDesktopError: there can be none.
        """
        folder = working_folder.name()
        if folder not in self._stores:
            self._stores[folder] = Store.of(Path(folder), self._environ)
        return self._stores[folder]

    def make_anew(self, call: str) -> None:
        """Have the call with a key made the next time, whatever is kept."""
        self._anew.add(call)

    def why(self, task: str = "") -> str:
        """Return why the last call, or the last one of a task, ran or did not."""
        return self.session.why(task, self._kept_like)

    def tasks(self) -> List[str]:
        """Return the tasks whose results can be kept."""
        return sorted(row.task for row in rows.ROWS)

    def limit(self, text: str) -> None:
        """Set how much room the working folder's store may take, for example ``200 GB``.

        Raises:
            CasaDesktopError: it is no size, or the store cannot be changed.
        """
        self.store().set_limit(text)

    def forget(self, what: str) -> str:
        """Forget the results of a task, or those that a file is part of; return how many, as a sentence.

        Raises:
            CasaDesktopError: the store cannot be changed.
        """
        store = self.store()
        path = os.path.join(working_folder.name(), what)
        number = store.forget(task=what) if what in self.tasks() else store.forget(path=path)
        return f"{number} result{'' if number == 1 else 's'} of {what} forgotten."

    def describe(self) -> str:
        """Return where results are kept, how much room they take, and what they have saved."""
        reused = self.session.reused()
        said = [display.usage(self.store().usage())]
        if reused:
            calls = "1 call was" if reused == 1 else f"{reused} calls were"
            said.append(f"In this session {calls} not made again, which saved {display.duration(self.saved)}.")
        return "\n".join(said)

    def _kept_like(self, story: Story) -> Optional[Story]:
        """Return another call with a call's outputs, if one is kept."""
        try:
            outputs = {name: story.parts[name] for name in story.outputs()}
            record = self.store().latest(story.task, outputs, but=key.of(story.parts))
        except (CasaDesktopError, OSError):
            return None
        if record is None:
            return None
        return Story(record.task, record.cell, RAN, "", "", record.parts, record.before, record.after)

    def perform(self, task: str, arguments: Mapping[str, Any], run: Callable[[], Any], anew: bool) -> Any:
        """Return the result of a call, as ``switch.Switch.perform``."""
        __tracebackhide__ = True
        call = self._look(task, arguments)
        if isinstance(call, str):
            self.session.add(Story(task, self._cell(), RAN, call))
            return run()
        anew = anew or call.key in self._anew
        self._anew.discard(call.key)
        found = None if anew else self._put_back(call)
        if isinstance(found, Record):
            return values.decoded(found.value)
        return self._run(call, run, found or "")

    # Before the call

    def _look(self, task: str, arguments: Mapping[str, Any]) -> Union[_Call, str]:
        """Return what a call depends on; or, in words, why that is not known."""
        folder = working_folder.name()
        files = table.files(task, arguments, folder)
        if isinstance(files, table.SimplyRun):
            return files.reason
        try:
            store = self.store()
            busy = in_use.why_busy([*files.inputs, *files.new])
            if busy is not None:
                return busy
            vacant = files.vacant()
            before = {path: state_of(path, store.digests) for path in files.inputs if path not in vacant}
            named = key.parts(
                task, arguments, before, [*files.new, *files.perhaps], self._surroundings(task, files.hidden)
            )
        except (CasaDesktopError, OSError, RuntimeError) as error:
            return _said(error)
        return _Call(task, self._cell(), files, before, named, key.of(named), store, arguments, folder)

    def _put_back(self, call: _Call) -> Union[Record, str, None]:
        """Put back what the same call made, and show it; return None if nothing is kept, or why it cannot be used."""
        started = time.monotonic()
        try:
            record = call.store.find(call.key)
            if record is None:
                return None
            theirs = self._made_by_others(call, record)
            if theirs:
                return f"{theirs} is there, and no call that is kept has made it as it is"
            outcome = call.store.put_back(record)
        except (CasaDesktopError, OSError) as error:
            return _said(error)
        self.saved += record.seconds
        outputs = [os.path.basename(path) for path, state in record.after.items() if not state.absent]
        said = display.line(record, outcome, outputs, time.monotonic() - started)
        first = f"cell {record.cell} on {display.moment(record)}"
        story = Story(call.task, call.cell, REUSED, "", "", call.parts, call.before, record.after, first)
        self.session.add(story)
        self._front.show(display.bundle(record, said, self.session.why()), {})
        for each in display.under(record):
            if "text" in each:
                self._printed.again(each["stream"], each["text"], each["native"])
            else:
                self._front.show(each["data"], each["metadata"])
        return record

    def _made_by_others(self, call: _Call, record: Record) -> str:
        """Return the name of what would be lost if a call's outputs were put back; empty if that is nothing.

        Its inputs are what they were then. Where it made something new, CASA would refuse to write over what lies
        there; so that must have been made by a call that is kept, too.
        """
        for path, after in record.after.items():
            if path in call.before:
                continue
            there = state_of(path, call.store.digests)
            if not there.absent and there.digest != after.digest and not call.store.has_made(path, there):
                return os.path.basename(path)
        return ""

    # The call

    def _run(self, call: _Call, run: Callable[[], Any], reason: str) -> Any:
        __tracebackhide__ = True
        call.store.give_way()
        # Before the call, which may change them. That they can be encoded, their key has shown.
        arguments = {name: values.encoded(value) for name, value in call.arguments.items()}
        around = _entries(call.files)
        started = time.monotonic()
        capture = Capture(self._front, self._printed, self._logfile())
        try:
            with capture:
                result = run()
        except BaseException:
            self.session.add(Story(call.task, call.cell, FAILED, reason, "", call.parts, call.before))
            raise
        seconds = time.monotonic() - started
        after: Dict[str, State] = {}
        try:
            after = self._look_again(call, around)
            shown, encoded = capture.shown(), values.encoded(result)
            made = (call.key, call.task, time.time(), seconds, call.cell, encoded, shown)
            record = Record(*made, call.before, after, call.parts, arguments, call.folder)
            call.store.keep(record, seconds)
            unkept = ""
        except (CasaDesktopError, OSError) as error:
            unkept = _said(error)
        self.session.add(Story(call.task, call.cell, RAN, reason, unkept, call.parts, call.before, after))
        return result

    # After the call

    def _look_again(self, call: _Call, around: Mapping[str, FrozenSet[str]]) -> Dict[str, State]:
        """Return the states of a call's outputs.

        Raises:
            NotKept: the task did something that its row does not tell, or its writes are not on the disk yet.
        """
        files, digests = call.files, call.store.digests
        perhaps = [path for each in files.perhaps for path in glob.glob(each)]
        made = sorted({*files.new, *files.vacant(), *files.in_place, *perhaps})
        busy = in_use.why_busy([*files.inputs, *made])
        if busy is not None:
            raise NotKept(busy)
        for path in call.before:
            if not _is_output(path, files) and state_of(path, digests) != call.before[path]:
                raise NotKept(f"{os.path.basename(path)} changed while {call.task} ran")
        strange = _appeared(around, _entries(files), {*made, *files.inputs})
        if strange:
            raise NotKept(f"{strange[0]} appeared while {call.task} ran")
        found = {path: state_of(path, digests) for path in made}
        # What there was and was not touched is no output.
        return {path: state for path, state in found.items() if state != call.before.get(path)}


def _said(error: Exception) -> str:
    """Return an error as part of a sentence."""
    return error.reason if isinstance(error, (NotKept, NotPutBack)) else str(error).rstrip(".")


def _is_output(path: str, files: table.Files) -> bool:
    return path in files.in_place or path in files.new or any(fnmatch(path, each) for each in files.perhaps)


def _entries(files: table.Files) -> Dict[str, FrozenSet[str]]:
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


def _appeared(before: Mapping[str, FrozenSet[str]], after: Mapping[str, FrozenSet[str]], known: Set[str]) -> List[str]:
    """Return the names that are new in some folder, and not known."""
    return sorted(
        name
        for folder, names in after.items()
        for name in names - before.get(folder, frozenset())
        if os.path.join(folder, name) not in known and not any(fnmatch(name, each) for each in _NO_RESULT)
    )
