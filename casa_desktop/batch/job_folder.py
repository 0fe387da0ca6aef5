"""The folder of a job: what was asked, how far it is, and how it ended.

Each job has a folder below ``$XDG_DATA_HOME/casa-desktop/jobs``, named by the job's id. The job itself writes how it
ended, because engines forget: Slurm does so after some minutes. A job that lives holds the lock of the folder's file
``lock``, so a job that was killed is known by its free lock.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ContextManager, List, Mapping, Tuple

from ..errors import JobDamaged, JobHeld, JobUnknown, Shortage
from ..system import files, locks

# The phases of a job, in the words of UWS 1.1 of the IVOA.
PENDING, QUEUED, EXECUTING, COMPLETED, ERROR, ABORTED, HELD, SUSPENDED, UNKNOWN = PHASES = (
    "PENDING",
    "QUEUED",
    "EXECUTING",
    "COMPLETED",
    "ERROR",
    "ABORTED",
    "HELD",
    "SUSPENDED",
    "UNKNOWN",
)
ENDS = frozenset({COMPLETED, ERROR, ABORTED})
# The engines that run jobs.
HERE, SLURM = "here", "slurm"
_JOB, _STATE, _LOCK, _LOG, _STOP = "job.json", "phase", "lock", "log", "stop"
_TERMS, _WAITS = "terms.json", "waits"
# A phase's file is at least so long, so that an end that is written to a full disk needs no more room.
_ROOM = 1024


@dataclass(frozen=True)
class Job:
    """What was asked for; it does not change.

    Attributes:
        notebook: the path of the notebook or script, as the user gave it, absolute.
        output: the path of the notebook with the results.
        kernel: the name of the kernelspec.
        folder: the working folder.
        parameters: the parameters' values, by name.
        reuse: whether results of tasks that lie beside the data are used.
        allow_errors: whether the cells behind a failed one run.
        engine: ``here`` or ``slurm``.
        options: the options for ``sbatch``.
        owner: the name of the user.
        host: the machine on which the job was made.
        submitted: when, in seconds since 1970.
        varied: the names of the parameters in which it differs from the other jobs of its array.
        at_most: how many jobs of its array run at the same time; 0 if that is the engine's to decide.
        spec: what kernel.json says of a kernel that was made for it; empty for an installed one.
    """

    notebook: str
    output: str
    kernel: str
    folder: str
    parameters: dict = field(default_factory=dict)  # type: ignore[type-arg]  # isinstance knows no parameters of types
    reuse: bool = True
    allow_errors: bool = False
    engine: str = HERE
    options: list = field(default_factory=list)  # type: ignore[type-arg]
    owner: str = ""
    host: str = ""
    submitted: float = 0.0
    varied: list = field(default_factory=list)  # type: ignore[type-arg]
    at_most: int = 0
    spec: dict = field(default_factory=dict)  # type: ignore[type-arg]


@dataclass(frozen=True)
class State:
    """How far a job is.

    Attributes:
        phase: one of ``PHASES``.
        since: when the phase began, in seconds since 1970.
        sentence: why, for people; empty if there is nothing to say.
        status: the exit status; -1 if it has none yet.
        cell, cells: the number of the cell that runs or ran last, from 1 on, and that of all cells; 0 if none ran.
        doing: what the cell does, in a few words.
        pid: the process id of the job; 0 if it has not begun.
        host: the machine on which it runs; empty if it has not begun.
        slurm: the id that Slurm has given it; empty for none.
        begun: when it began to run, in seconds since 1970; 0 if it has not begun.
        stopped_in: the cell in which it was stopped the last time, because its time was up; 0 if it was not.
        stops: how many times in a row it was stopped there.
    """

    phase: str
    since: float
    sentence: str = ""
    status: int = -1
    cell: int = 0
    cells: int = 0
    doing: str = ""
    pid: int = 0
    host: str = ""
    slurm: str = ""
    begun: float = 0.0
    stopped_in: int = 0
    stops: int = 0

    def now(self, phase: str, sentence: str = "", status: int = -1) -> State:
        """Return the state with another phase, which begins now; with the same phase it goes on."""
        since = self.since if phase == self.phase else time.time()
        return replace(self, phase=phase, since=since, sentence=sentence, status=status)


@dataclass(frozen=True)
class Terms:
    """What a job is given by the service that has made it.

    Attributes:
        run_id: what the client calls it.
        seconds: how long it may run; 0 for as long as it likes.
        destruction: when it is removed, in seconds since 1970; 0 for never.
    """

    run_id: str = ""
    seconds: int = 0
    destruction: float = 0.0


def root(environ: Mapping[str, str]) -> Path:
    """Return the folder of all jobs of this user."""
    data = environ.get("XDG_DATA_HOME", "")
    # The XDG specification has programs ignore a path that is not absolute.
    base = Path(data) if os.path.isabs(data) else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "casa-desktop" / "jobs"


def stem_for(notebook: str) -> str:
    """Return the first part of the ids of a notebook's jobs: its name, as far as it needs no quotes in a shell."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", Path(notebook).stem).strip("-")[:40] or "job"


def create(jobs: Path, job: Job, source: Path, *, waits: bool = False, name: str = "") -> Tuple[Folder, int]:
    """Make the folder of a new job, whole or not at all; return it with the descriptor of its lock, which is held.

    Args:
        jobs: the folder of all jobs; made if it does not exist.
        job: what is asked for. An empty output becomes one in the folder.
        source: the notebook or script, which is copied, so that it may be changed while the job waits.
        waits: whether the job is started later.
        name: the job's id; by default the notebook's name with the next number.

    Raises:
        OSError: it cannot be made. A Shortage: there is no room.
    """
    try:
        jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = jobs / name if name else _reserved(jobs, stem_for(job.notebook))
        if name:
            place.mkdir(mode=0o700)
        try:
            return _filled(place, job, source, waits)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    except OSError as error:
        raise Shortage.of(error, jobs) or error from error


def _reserved(jobs: Path, stem: str) -> Path:
    """Make an empty folder with the next number; two processes never get the same."""
    number = next_number(jobs, stem) - 1
    while True:
        number += 1
        with suppress(FileExistsError):
            place = jobs / f"{stem}-{number}"
            place.mkdir(mode=0o700)
            return place


def next_number(jobs: Path, stem: str) -> int:
    """Return the number behind the highest that a job or an array of a notebook has."""
    # reduce-5.12 is a job of the array reduce-5.
    numbers = [each.name[len(stem) + 1 :].partition(".")[0] for each in jobs.glob(f"{stem}-*")]
    return max((int(each) for each in numbers if each.isdecimal()), default=0) + 1


def _filled(place: Path, job: Job, source: Path, waits: bool) -> Tuple[Folder, int]:
    folder = Folder(place)
    shutil.copyfile(source, place / f"input{source.suffix}")
    folder.log.touch(mode=0o600)
    if waits:
        (place / _WAITS).touch(mode=0o600)
    folder.write(State(PENDING, time.time()))
    # Otherwise one who looks now would think that it was killed.
    lock = folder.take()
    try:
        # Last: a folder without it is no job yet.
        files.write(place / _JOB, replace(job, output=job.output or str(place / "output.ipynb")))
    except BaseException:
        os.close(lock)
        raise
    return folder, lock


def find(jobs: Path, name: str) -> Folder:
    """Return the folder of a job.

    Raises:
        JobUnknown: there is none with this id.
    """
    known = ids(jobs)
    if name not in known:
        raise JobUnknown(name, jobs, difflib.get_close_matches(name, known, n=3))
    return Folder(jobs / name)


def ids(jobs: Path) -> List[str]:
    """Return the ids of all jobs, the oldest first; those whose folders are half written, too."""
    try:
        with os.scandir(jobs) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    # Another process is about to fill an empty one.
    return sorted((name for name in found if _has_content(jobs / name)), key=lambda name: _made(jobs / name))


def _has_content(folder: Path) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        # Removed meanwhile, or it is to be told of.
        return folder.is_dir()


def _made(folder: Path) -> Tuple[float, str]:
    """Return what sorts jobs by age: when the file with what was asked, which does not change, was written."""
    try:
        return (folder / _JOB).stat().st_mtime, folder.name
    except OSError:
        return 0.0, folder.name


class Folder:
    """The folder of one job.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.log, self.lock = path / _LOG, path / _LOCK

    def job(self) -> Job:
        """Return what was asked for.

        Raises:
            JobDamaged: it cannot be read.
            Shortage: it cannot be read now.
        """
        job = files.read(self.path / _JOB, Job)
        if job is None:
            raise JobDamaged(self.id, self.path, f"its file {_JOB} {self._fault(_JOB)}")
        return job

    def state(self) -> State:
        """Return what the job itself has written last; it may have been killed since.

        Raises:
            JobDamaged: it cannot be read.
            Shortage: it cannot be read now.
        """
        state = files.read(self.path / _STATE, State)
        if state is None or state.phase not in PHASES:
            raise JobDamaged(self.id, self.path, f"its file {_STATE} {self._fault(_STATE)}")
        return state

    def _fault(self, name: str) -> str:
        return "is not as a job writes it" if (self.path / name).exists() else "is missing"

    def change(self, job: Job) -> None:
        """Write anew what is asked for, of a job that waits to be started.

        Raises:
            OSError: it cannot be written.
        """
        made = (self.path / _JOB).stat()
        files.write(self.path / _JOB, job)
        # By this time jobs are sorted.
        os.utime(self.path / _JOB, ns=(made.st_atime_ns, made.st_mtime_ns))

    def terms(self) -> Terms:
        """Return what the service that has made the job gives it.

        Raises:
            Shortage: it cannot be read now.
        """
        return files.read(self.path / _TERMS, Terms) or Terms()

    def set_terms(self, terms: Terms) -> None:
        """Write what the job is given.

        Raises:
            OSError: it cannot be written.
        """
        files.write(self.path / _TERMS, terms)

    def waits(self) -> bool:
        """Return whether the job was made to be started later, and was not started yet."""
        return (self.path / _WAITS).exists()

    def set_waiting(self, waits: bool) -> None:
        """Note whether the job waits to be started; hold its lock meanwhile.

        Raises:
            OSError: it cannot be written.
        """
        if waits:
            (self.path / _WAITS).touch(mode=0o600)
        else:
            (self.path / _WAITS).unlink(missing_ok=True)

    def input(self) -> Path:
        """Return the copy of the notebook or script.

        Raises:
            JobDamaged: there is none.
        """
        found = sorted(self.path.glob("input.*"))
        if not found:
            raise JobDamaged(self.id, self.path, "its copy of the notebook is missing")
        return found[0]

    def write(self, state: State) -> None:
        """Write how far the job is, atomically.

        Raises:
            OSError: the folder is gone. A Shortage: there is no room; what was there before stays.
        """
        files.write_text(self.path / _STATE, _text(state))

    def write_end(self, state: State) -> None:
        """Write how the job ended; on a full disk over what is there, which takes no room.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self.write(state)
        except Shortage:
            with (self.path / _STATE).open("r+b") as file:
                text = _text(replace(state, sentence=state.sentence[:300], doing="")).encode()
                # A reader that comes in between finds no JSON; the next one does.
                file.write(text)
                file.truncate(len(text))

    def ask_to_stop(self) -> None:
        """Note that the user wants the job to stop, which it is told by a signal."""
        (self.path / _STOP).touch(mode=0o600)

    def is_to_stop(self) -> bool:
        """Return whether the user wants the job to stop."""
        return (self.path / _STOP).exists()

    def go_on(self) -> None:
        """Forget that the job was to stop: it is started again."""
        (self.path / _STOP).unlink(missing_ok=True)

    def take(self, seconds: float = 0.0) -> int:
        """Take the job's lock; return its descriptor. It is held until that is closed in each process that has it.

        Args:
            seconds: how long to wait for another process that holds it.

        Raises:
            JobHeld: another process has kept it.
            OSError: the folder is gone.
        """
        descriptor = locks.taken(self.lock, seconds)
        if descriptor is None:
            raise JobHeld(self.id, self.path)
        return descriptor

    def wait_until_free(self) -> None:
        """Wait until no process of the job holds its lock; as long as that takes."""
        with suppress(FileNotFoundError):
            locks.wait_for(self.lock)

    def held(self) -> ContextManager[bool]:
        """Hold the job's lock for the length of a with block; yield whether it was free."""
        return locks.turn(self.lock, 0)

    def is_alive(self) -> bool:
        """Return whether a process of the job holds its lock.

        Raises:
            Shortage: the lock cannot be tested now.
        """
        try:
            with locks.turn(self.lock, 0, shared=True) as free:
                return not free
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Shortage.of(error, self.lock) or error from error

    def remove(self) -> None:
        """Remove the folder with all that is in it.

        Raises:
            OSError: it cannot be removed.
        """
        # So that what is left, if this breaks off, is no job.
        with suppress(FileNotFoundError):
            (self.path / _JOB).unlink()
        shutil.rmtree(self.path)


def _text(state: State) -> str:
    return json.dumps(asdict(state), indent=1).ljust(_ROOM) + "\n"
