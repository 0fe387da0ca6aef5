"""The folder of all jobs of a user: makes, finds and lists their folders.

Each job has a folder below ``$XDG_DATA_HOME/casa-desktop/jobs``, named by the job's id.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import List, Mapping, Tuple

from ..errors import JobUnknown, Shortage
from .job_folder import Folder
from .job_state import PENDING, Job, State


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
        folder.set_waiting(True)
    folder.write(State(PENDING, time.time()))
    # Otherwise one who looks now would think that it was killed.
    lock = folder.take()
    try:
        # Last: a folder without it is no job yet.
        folder.ask(replace(job, output=job.output or str(place / "output.ipynb")))
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
    return sorted(
        (name for name in found if _has_content(jobs / name)), key=lambda name: (Folder(jobs / name).made(), name)
    )


def _has_content(folder: Path) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        # Removed meanwhile, or it is to be told of.
        return folder.is_dir()
