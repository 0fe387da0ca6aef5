"""Make a call, or put back what the same call made before."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol, Sequence, Set, Union

from casa_desktop.errors import CasaDesktopError
from casa_desktop.store import values
from casa_desktop.store.lock_process import LockProcess
from casa_desktop.store.models import Record
from casa_desktop.store.row_counts import row_counts
from casa_desktop.store.store import Store

from ..checks import working_folder
from . import after, before, display, key, rows
from .before import Call
from .capture import Capture, Printed, Shower
from .keeper import Keeper
from .room_watch import RoomWatch
from .said import said
from .session import FAILED, RAN, REUSED, Session, Story


class Notebook(Shower, Protocol):
    """The notebook; implemented by ``jupyter.notebook``."""

    def show(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Put a MIME bundle into the cell."""


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
        self._keeper = Keeper(self.session)
        self._locks = LockProcess()
        self._front, self._printed, self._logfile, self._cell = front, printed, logfile, cell
        self._surroundings, self._environ = surroundings, environ
        self._stores: Dict[str, Store] = {}
        self._anew: Set[str] = set()

    def store(self) -> Store:
        """Return the store of the working folder; all results are kept by then.

        Raises:
            CasaDesktopError: there can be none.
        """
        self._keeper.settle()
        folder = working_folder.name()
        if folder not in self._stores:
            self._stores[folder] = Store.of(Path(folder), self._environ)
        return self._stores[folder]

    def _store_here(self) -> Optional[Store]:
        """Return the store of the working folder, if there can be one; its last result may still be on its way."""
        with suppress(CasaDesktopError, OSError):
            return self._stores.get(working_folder.name()) or self.store()
        return None

    def settle(self, patience: Optional[float] = None) -> None:
        """Wait until the results of all calls are kept; at most ``patience`` seconds, if they are given."""
        self._keeper.settle(patience)

    def make_anew(self, call: str) -> None:
        """Have the call with a key made the next time, whatever is kept."""
        self._anew.add(call)

    def why(self, task: str = "") -> str:
        """Return why the last call, or the last one of a task, ran or did not."""
        self._keeper.settle()
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
        lines = [display.usage(self.store().usage())]
        if reused:
            calls = "1 call was" if reused == 1 else f"{reused} calls were"
            lines.append(f"In this session {calls} not made again, which saved {display.duration(self.saved)}.")
        return "\n".join(lines)

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
        folder = working_folder.name()
        locks = self._locks.first_lock
        call = before.look(task, self._cell(), arguments, folder, self.store, self._surroundings, locks)
        if isinstance(call, str):
            self.session.add(Story(task, self._cell(), RAN, call))
            with RoomWatch(self._store_here()):
                return run()
        anew = anew or call.key in self._anew
        self._anew.discard(call.key)
        found = None if anew else self._put_back(call)
        if isinstance(found, Record):
            return values.decoded(found.value)
        return self._run(call, run, found or "")

    def _put_back(self, call: Call) -> Union[Record, str, None]:
        """Put back what the same call made, and show it; return None if nothing is kept, or why it cannot be used."""
        started = time.monotonic()
        try:
            record = call.store.find(call.key)
            if record is None:
                return None
            live = before.live(call, record)
            theirs = before.made_by_others(call, record, live)
            if theirs:
                return f"{theirs} is there, and no call that is kept has made it as it is"
            outcome = call.store.put_back(record, live)
        except (CasaDesktopError, OSError) as error:
            return said(error)
        self.saved += record.seconds
        outputs = [os.path.basename(path) for path, state in record.after.items() if not state.absent]
        line = display.line(record, outcome, outputs, time.monotonic() - started)
        first = f"cell {record.cell} on {display.moment(record)}"
        story = Story(call.task, call.cell, REUSED, "", "", call.parts, call.before, record.after, first)
        self.session.add(story)
        self._front.show(display.bundle(record, line, self.session.why()), {})
        for each in display.under(record):
            if "text" in each:
                self._printed.again(each["stream"], each["text"], each["native"])
            else:
                self._front.show(each["data"], each["metadata"])
        return record

    def _run(self, call: Call, run: Callable[[], Any], reason: str) -> Any:
        __tracebackhide__ = True
        # Before the call, which may change them. That they can be encoded, their key has shown.
        arguments = {name: values.encoded(value) for name, value in call.arguments.items()}
        around = after.entries(call.files)
        started = time.monotonic()
        capture = Capture(self._front, self._printed, self._logfile())
        try:
            with RoomWatch(call.store), capture:
                result = run()
        except BaseException:
            self.session.add(Story(call.task, call.cell, FAILED, reason, "", call.parts, call.before))
            raise
        seconds = time.monotonic() - started
        try:
            outputs = after.outputs(call, around)
            shown, encoded = capture.shown(), values.encoded(result)
            told = (call.key, call.task, time.time(), seconds, call.cell, encoded, shown)
            # Now, while no table is open: the result may be kept while the user's code opens them.
            rows = {path: row_counts(path) for path in outputs}
            record = Record(*told, call.before, {}, call.parts, arguments, call.folder, rows)
        except (CasaDesktopError, OSError) as error:
            self.session.add(Story(call.task, call.cell, RAN, reason, said(error), call.parts, call.before))
        else:
            self._keeper.keep(call, reason, outputs, record)
        return result
