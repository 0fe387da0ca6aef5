"""What a job service does with the jobs of its user, in the terms of IVOA's UWS. It knows no HTTP and no XML.

A job of a service is made first and started later, and may be limited: to so many seconds, and until a date at which
it is removed. Jobs that ``casa-desktop run`` has made are served as well.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..errors import InvalidSetting, JobDamaged, JobHeld, JobUnknown
from . import job_root, job_state, jobs, planning, source
from .job_folder import Folder
from .job_state import ENDS, HERE, Job, State, Terms
from .models import Status

# The parameters of a service that are not the notebook's.
NOTEBOOK, KERNEL, FOLDER, ENGINE, OPTIONS, RUNID = OURS = (
    "NOTEBOOK",
    "KERNEL",
    "FOLDER",
    "ENGINE",
    "OPTIONS",
    "RUNID",
)
# How much of a log is told with an error, in bytes.
_LOG_TAIL = 20_000


@dataclass(frozen=True)
class Entry:
    """A job as a service tells of it.

    Attributes:
        folder: of the job.
        job: what was asked for.
        state: how far it is.
        terms: how long it may run and be kept.
    """

    folder: Folder
    job: Job
    state: State
    terms: Terms

    @property
    def id(self) -> str:
        """The job's id."""
        return self.folder.id

    @property
    def has_ended(self) -> bool:
        """Whether the job has ended, however."""
        return self.state.phase in ENDS

    @property
    def waits(self) -> bool:
        """Whether the job was not started yet."""
        return self.folder.waits() and not self.has_ended

    @property
    def may_go_on(self) -> bool:
        """Whether the job was stopped, and does not fail for a reason of its own."""
        return self.state.status == Status.STOPPED

    def results(self) -> Iterator[Tuple[str, Path]]:
        """Yield the name and the file of each result; a job that has not ended has none."""
        for name in ("output", "log") if self.has_ended else ():
            path = self.result(name)
            if path is not None:
                yield name, path

    def result(self, name: str) -> Optional[Path]:
        """Return the file of a result as it is now; None if there is none."""
        path = {"output": Path(self.job.output), "log": self.folder.log}.get(name)
        return path if path is not None and path.is_file() else None

    def error(self) -> str:
        """Return why the job failed, and the end of its log; empty if it did not fail."""
        if self.state.phase != job_state.ERROR:
            return ""
        with suppress(OSError), self.folder.log.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _LOG_TAIL, 0))
            return f"{self.state.sentence}\n\n{file.read().decode('utf-8', errors='replace')}"
        return self.state.sentence


def entries() -> List[Entry]:
    """Return all jobs that can be read, the oldest first; those are removed whose date has come.

    Raises:
        Shortage: their states cannot be told now.
    """
    found = [_entry(row.folder, row.job, row.state) for row in jobs.rows(_root()) if row.job is not None]
    return [each for each in found if not _is_over(each)]


def entry(name: str) -> Entry:
    """Return a job.

    Raises:
        JobUnknown: there is none with this id.
        JobDamaged: its folder cannot be read.
    """
    folder = _find(name)
    found = _entry(folder, folder.job(), jobs.look(folder))
    if _is_over(found):
        raise JobUnknown(name, _root(), ())
    return found


def _find(name: str) -> Folder:
    return job_root.find(_root(), name)


def _root() -> Path:
    return job_root.root(os.environ)


def _entry(folder: Folder, job: Job, state: State) -> Entry:
    return Entry(folder, job, state, folder.terms())


def _is_over(each: Entry) -> bool:
    """Remove a job whose date has come; return whether that was so."""
    if not each.terms.destruction or each.terms.destruction > time.time():
        return False
    # Another thread or process may be removing it, too. What cannot be removed is left to 'casa-desktop jobs'.
    with suppress(JobHeld, JobDamaged, OSError):
        _destroy(each.folder)
    return True


def make(given: Mapping[str, str], root: Path) -> Folder:
    """Make a job, which is not started yet.

    Args:
        given: the parameters of the service and of the notebook, as texts.
        root: where a path of a notebook that is not absolute begins.

    Raises:
        CasaDesktopError: what is asked for is impossible, as ``planning.plan`` and ``jobs.make`` raise it.
    """
    ours, theirs = _split(given)
    if not ours.get(NOTEBOOK):
        raise InvalidSetting(NOTEBOOK, ours.get(NOTEBOOK, ""), "the path of a notebook or script")
    notebook = root / ours[NOTEBOOK]
    wish = planning.Wish(
        notebook=notebook,
        given=list(theirs.items()),
        kernel=ours.get(KERNEL, ""),
        folder=root / ours[FOLDER] if ours.get(FOLDER) else notebook.parent,
    )
    engine = ours.get(ENGINE, "") or HERE
    if engine not in jobs.ENGINES:
        raise InvalidSetting(ENGINE, engine, " or ".join(jobs.ENGINES))
    folder = jobs.make(wish, engine, _words(ours.get(OPTIONS, "")), os.environ)
    folder.set_terms(Terms(run_id=ours.get(RUNID, "")))
    return folder


def _words(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidSetting(OPTIONS, text, f"words as a shell takes them ({error})") from error


def _split(given: Mapping[str, str]) -> Tuple[Dict[str, str], Dict[str, str]]:
    ours = {name: text for name, text in given.items() if name in OURS}
    return ours, {name: text for name, text in given.items() if name not in OURS}


def told(parameters: Mapping[str, Any]) -> Dict[str, str]:
    """Return parameters' values as texts."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}


def change(name: str, given: Mapping[str, str]) -> None:
    """Set parameters of a job that was not started yet.

    Raises:
        JobHeld: it was started.
        CasaDesktopError: as ``make`` raises it.
    """
    each = entry(name)
    _check_waits(each)
    ours, theirs = _split(given)
    if set(ours) - {RUNID}:
        raise InvalidSetting(sorted(set(ours) - {RUNID})[0], "", "set when the job is made")
    if RUNID in ours:
        each.folder.set_terms(replace(each.terms, run_id=ours[RUNID]))
    if theirs:
        each.folder.change(replace(each.job, parameters={**each.job.parameters, **_typed(each, theirs)}))


def _check_waits(each: Entry) -> None:
    if not each.waits:
        raise JobHeld(each.id, each.folder.path)


def _typed(each: Entry, given: Mapping[str, str]) -> Dict[str, Any]:
    """Return the notebook's parameters that are given, checked as at the job's making."""
    copy = each.folder.input()
    return planning.parameters_of(source.read(copy), Path(each.job.notebook), list(given.items()))


def limit(name: str, text: str) -> None:
    """Set how many seconds a job may run, before it is started; 0 for as long as it likes.

    Raises:
        InvalidSetting: the text is no such number.
        JobHeld: it was started.
    """
    if not text.strip().isdecimal():
        raise InvalidSetting("EXECUTIONDURATION", text, "a number of seconds, or 0 for no limit")
    each = entry(name)
    _check_waits(each)
    each.folder.set_terms(replace(each.terms, seconds=int(text)))


def destroy_at(name: str, seconds: float) -> None:
    """Set when a job is removed, in seconds since 1970."""
    each = entry(name)
    each.folder.set_terms(replace(each.terms, destruction=seconds))


def run(name: str) -> None:
    """Start a job.

    Raises:
        JobHeld: it was started before.
        JobNotStarted: the engine does not take it.
    """
    each = entry(name)
    _check_waits(each)
    jobs.start(each.folder, os.environ)


def abort(name: str) -> None:
    """End a job, which interrupts its cell and saves its notebook; return at once."""
    each = entry(name)
    if not each.has_ended:
        jobs.ask_to_stop(each.folder)


def destroy(name: str) -> None:
    """Stop a job if it runs, and remove it with its results."""
    _destroy(_find(name))


def _destroy(folder: Folder) -> None:
    with suppress(JobDamaged):
        jobs.stop(folder)
    jobs.remove(folder)
