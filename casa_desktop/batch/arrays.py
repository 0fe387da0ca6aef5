"""Arrays of jobs, one for each value of a parameter: ``reduce-5`` has the jobs ``reduce-5.1``, ``reduce-5.2`` …"""

from __future__ import annotations

import difflib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

from ..errors import CasaDesktopError, JobUnknown
from . import job_root, jobs, planning
from .job_folder import Folder
from .job_state import HERE, Job
from .planning import Wish

_POINT = "."


def name_of(job: str) -> str:
    """Return the name of the array that a job is part of, by the job's id; empty for none."""
    name, point, _ = job.rpartition(_POINT)
    return name if point else ""


def members(root: Path, name: str) -> List[str]:
    """Return the ids of the jobs of an array, in the order of its list; empty if there is no such array."""
    return sorted((each for each in job_root.ids(root) if name and name_of(each) == name), key=_number)


def _number(job: str) -> int:
    number = job.rpartition(_POINT)[2]
    return int(number) if number.isdecimal() else 0


def names(root: Path) -> List[str]:
    """Return the names of all arrays, the oldest first."""
    return list(dict.fromkeys(name_of(each) for each in job_root.ids(root) if name_of(each)))


def usual_limit() -> int:
    """Return how many jobs of an array run on this machine at the same time, unless the user says otherwise."""
    return max(len(os.sched_getaffinity(0)) // 2, 1)


def found(root: Path, wanted: Sequence[str]) -> Dict[str, List[Folder]]:
    """Return the folders of jobs by the name of their array or, of other jobs, by their own.

    Args:
        root: the folder of all jobs.
        wanted: names of arrays and ids of jobs.

    Raises:
        JobUnknown: there is none of a name.
    """
    known = job_root.ids(root)
    arrays: Dict[str, List[str]] = {each: members(root, each) for each in wanted if each not in known}
    for name, ids in arrays.items():
        if not ids:
            near = difflib.get_close_matches(name, [*known, *names(root)], n=3)
            raise JobUnknown(name, root, near)
    return {each: [Folder(root / job) for job in arrays.get(each, [each])] for each in wanted}


def submit(
    wish: Wish,
    rows: Sequence[Mapping[str, str]],
    engine: str,
    options: Sequence[str],
    environ: Mapping[str, str],
    at_most: int,
) -> str:
    """Make the jobs of an array and hand them to an engine; nothing is left if one was not taken.

    Args:
        wish: what to run, without an output: each job writes into its own folder.
        rows: the names and texts of the parameters that differ, for each job; at least one.
        engine: the name of the engine.
        options: the engine's own.
        environ: the variables of the jobs.
        at_most: how many run at the same time; Slurm decides that itself.

    Returns:
        The name of the array.

    Raises:
        CasaDesktopError: as ``jobs.submit``, and before the first is made if one of them cannot be run.
    """
    jobs.check_options(engine, options)
    root = jobs.made_root(environ)
    plans = planning.plans(replace(wish, output=root / "output.ipynb"), rows)
    limit = at_most if engine == HERE else 0
    wanted = [replace(jobs.job_of(each, wish, engine, options), varied=list(rows[0]), at_most=limit) for each in plans]
    name, made = _made(root, wanted, plans[0].notebook)
    try:
        jobs.ENGINES[engine].start_all([folder for folder, _ in made], [lock for _, lock in made], environ, at_most)
    except BaseException:
        for _, lock in made:
            os.close(lock)
        _undo([folder for folder, _ in made])
        raise
    for _, lock in made:
        os.close(lock)
    return name


def _made(root: Path, wanted: Sequence[Job], source: Path) -> Tuple[str, List[Tuple[Folder, int]]]:
    made: List[Tuple[Folder, int]] = []
    with jobs.turn(root, wanted[0].engine):
        stem = job_root.stem_for(str(source))
        name = f"{stem}-{job_root.next_number(root, stem)}"
        try:
            for number, job in enumerate(wanted, 1):
                made.append(job_root.create(root, job, source, name=f"{name}{_POINT}{number}"))
        except BaseException:
            for folder, lock in made:
                folder.remove()
                os.close(lock)
            raise
    return name, made


def _undo(folders: Sequence[Folder]) -> None:
    """Stop those that an engine has taken already, and remove all. One that cannot be stopped is listed ever after."""
    taken = [folder for folder in folders if folder.state().slurm]
    for folder in taken:
        with suppress(CasaDesktopError, OSError):
            jobs.ask_to_stop(folder)
    for folder in folders:
        with suppress(CasaDesktopError, OSError):
            if folder in taken:
                jobs.wait(folder)
            jobs.remove(folder)
