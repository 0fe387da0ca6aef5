"""Jobs of all engines: made, looked at, waited for, stopped, removed."""

from __future__ import annotations

import os
import pwd
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..errors import CasaDesktopError, JobDamaged, JobHeld, JobNotStarted, OutputTaken, Shortage
from ..system import locks
from . import here, job_root, planning, slurm, slurm_words, unstarted
from .job_folder import Folder
from .job_state import ENDS, HERE, QUEUED, SLURM, UNKNOWN, Job, State
from .models import Plan
from .planning import Wish

ENGINES: Mapping[str, Any] = {HERE: here, SLURM: slurm}
# Two processes that make jobs take turns, so that none overlooks the output of the other's.
_TURN_SECONDS = 30.0
# A process that has written its end has nothing more to do.
ENDING_SECONDS = 30.0


def available() -> List[str]:
    """Return the names of the engines that this machine has."""
    return [HERE, SLURM] if slurm.is_here() else [HERE]


class Row(NamedTuple):
    """A job in a list.

    Attributes:
        folder: of the job.
        job: what was asked for; None if its folder cannot be read.
        state: how far it is.
    """

    folder: Folder
    job: Optional[Job]
    state: State


def submit(wish: Wish, engine: str, options: Sequence[str], environ: Mapping[str, str]) -> Folder:
    """Make a job and hand it to an engine; nothing is left of one that was not taken.

    Args:
        wish: what to run; without an output it is written into the job's folder.
        engine: the name of the engine.
        options: the engine's own.
        environ: the variables of the job.

    Raises:
        CasaDesktopError: as ``planning.plan``, of what cannot be run.
        OutputTaken: another job that has not ended writes the same output.
        JobNotStarted: the engine did not take it.
        Shortage: there is no room for its folder.
    """
    folder, lock = _prepared(wish, engine, options, environ, waits=False)
    try:
        ENGINES[engine].start(folder, lock, environ)
    except CasaDesktopError:
        folder.remove()
        raise
    finally:
        os.close(lock)
    return folder


def make(wish: Wish, engine: str, options: Sequence[str], environ: Mapping[str, str]) -> Folder:
    """Make a job that ``start`` starts later; the arguments and errors are those of ``submit``."""
    folder, lock = _prepared(wish, engine, options, environ, waits=True)
    os.close(lock)
    return folder


def start(folder: Folder, environ: Mapping[str, str]) -> None:
    """Hand a job that was made earlier to its engine; it goes on waiting if that does not take it.

    Raises:
        JobHeld: it was started already.
        JobDamaged: its folder cannot be read.
        JobNotStarted: the engine did not take it.
    """
    lock = folder.take()
    try:
        if not folder.waits():
            raise JobHeld(folder.id, folder.path)
        before = folder.state()
        folder.set_waiting(False)
        try:
            folder.write(before.now(QUEUED))
            _engine(folder).start(folder, lock, environ)
        except (CasaDesktopError, OSError):
            folder.set_waiting(True)
            folder.write(before)
            raise
    finally:
        os.close(lock)


def _prepared(
    wish: Wish, engine: str, options: Sequence[str], environ: Mapping[str, str], *, waits: bool
) -> Tuple[Folder, int]:
    check_options(engine, options)
    root = made_root(environ)
    plan = planning.plan(_with_output(root, wish))
    job = job_of(plan, wish, engine, options)
    with turn(root, engine):
        if job.output:
            check_output(root, job.output)
        return job_root.create(root, job, plan.notebook, waits=waits)


def check_options(engine: str, options: Sequence[str]) -> None:
    """Check the options that a user has for an engine.

    Raises:
        InvalidSetting: they are impossible.
    """
    if engine == SLURM:
        slurm_words.check(options)


def made_root(environ: Mapping[str, str]) -> Path:
    """Return the folder of all jobs, which exists.

    Raises:
        OSError: it cannot be made. A Shortage: there is no room.
    """
    root = job_root.root(environ)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Shortage.of(error, root) or error from error
    return root


def _with_output(root: Path, wish: Wish) -> Wish:
    # Only its name is missing yet.
    return wish if wish.output is not None else replace(wish, output=root / "output.ipynb")


def job_of(plan: Plan, wish: Wish, engine: str, options: Sequence[str]) -> Job:
    """Return a job that runs a plan."""
    return Job(
        notebook=str(plan.notebook),
        output="" if wish.output is None else str(plan.output),
        kernel=plan.kernel,
        folder=str(plan.folder),
        parameters=dict(plan.parameters),
        reuse=plan.reuse,
        allow_errors=plan.allow_errors,
        engine=engine,
        options=list(options),
        owner=_user(),
        host=socket.gethostname(),
        submitted=time.time(),
        spec=dict(plan.spec),
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def turn(root: Path, engine: str) -> Iterator[None]:
    """Let no other process make jobs for the length of a with block.

    Raises:
        JobNotStarted: another process does not end making one.
        Shortage: there is no room.
    """
    try:
        with locks.turn(root / ".lock", _TURN_SECONDS) as ours:
            if not ours:
                raise JobNotStarted(engine, f"another process has kept {root} locked; try again")
            yield
    except OSError as error:
        raise Shortage.of(error, root) or error from error


def check_output(root: Path, path: str) -> None:
    """Check that no other job writes a notebook; no process may make jobs meanwhile.

    Raises:
        OutputTaken: one that has not ended does.
    """
    for row in rows(root):
        if row.job is not None and row.state.phase not in ENDS and _same(row.job.output, path):
            raise OutputTaken(Path(path), row.folder.id)


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def rows(root: Path, names: Sequence[str] = ()) -> List[Row]:
    """Return all jobs, the oldest first, or those with these ids.

    Raises:
        JobUnknown: there is none with one of the ids.
        Shortage: their states cannot be told now.
    """
    folders = [job_root.find(root, name) for name in names or job_root.ids(root)]
    memory: Dict[str, Any] = {}
    return [each for each in (_row(folder, memory) for folder in folders) if each is not None]


def _row(folder: Folder, memory: Dict[str, Any]) -> Optional[Row]:
    try:
        job = folder.job()
        return Row(folder, job, look(folder, memory))
    except JobDamaged as error:
        # Or it was removed meanwhile.
        return Row(folder, None, State(UNKNOWN, 0.0, str(error))) if folder.path.exists() else None


def look(folder: Folder, memory: Optional[Dict[str, Any]] = None) -> State:
    """Return how far a job is; if it was killed, its end is written.

    Args:
        folder: of the job.
        memory: what engines have said of several jobs, so that they are asked once; empty at first.

    Raises:
        JobDamaged: its folder cannot be read.
        Shortage: this cannot be told now.
    """
    state: State = _engine(folder).look(folder, {} if memory is None else memory)
    return state


def _engine(folder: Folder) -> Any:
    if folder.waits():
        return unstarted
    name = folder.job().engine
    if name not in ENGINES:
        raise JobDamaged(folder.id, folder.path, f"it is of an engine {name!r}, which this release does not know")
    return ENGINES[name]


def wait(folder: Folder) -> State:
    """Wait until a job has ended, as long as that takes; return how, or that it cannot be told from here.

    Raises:
        JobDamaged: its folder cannot be read.
    """
    while True:
        state = look(folder)
        if state.phase in ENDS or not _engine(folder).wait(folder):
            return state


def stop(folder: Folder) -> State:
    """Stop a job: it interrupts its cell and saves its notebook; wait until it has ended, and return how.

    Raises:
        JobDamaged: its folder cannot be read.
    """
    ask_to_stop(folder)
    return wait(folder)


def ask_to_stop(folder: Folder) -> None:
    """Ask a job to stop, as ``stop`` does; return at once.

    Raises:
        JobDamaged: its folder cannot be read.
    """
    if look(folder).phase not in ENDS:
        _engine(folder).stop(folder)


def check_removable(folder: Folder) -> None:
    """Check that a job has ended.

    Raises:
        JobHeld: it has not.
    """
    with suppress(JobDamaged):
        if look(folder).phase not in (*ENDS, UNKNOWN):
            raise JobHeld(folder.id, folder.path)


def remove(folder: Folder) -> None:
    """Remove the folder of a job that has ended, with all that is in it; a notebook that it wrote elsewhere stays.

    Raises:
        JobHeld: it has not ended.
        OSError: it cannot be removed.
    """
    check_removable(folder)
    # Its process holds the lock for a moment longer than it takes to write the end.
    lock = folder.take(ENDING_SECONDS)
    try:
        folder.remove()
    finally:
        os.close(lock)
