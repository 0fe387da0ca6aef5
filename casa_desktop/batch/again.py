"""Runs jobs again that have failed or were stopped, in place; results that lie beside the data are put back."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

from ..errors import InvalidSetting, JobHeld
from . import arrays, jobs
from .job_folder import Folder
from .job_state import ABORTED, ENDS, ERROR, HERE, PENDING, SLURM, State

# Which jobs are run again, by the word that asks for them.
PHASES: Mapping[str, str] = {"failed": ERROR, "stopped": ABORTED}


def retry(root: Path, name: str, which: str, options: Sequence[str], environ: Mapping[str, str]) -> List[Folder]:
    """Run jobs again; return them.

    Args:
        root: the folder of all jobs.
        name: of an array, or the id of a job.
        which: a key of ``PHASES``.
        options: new ones for the engine; if there are none, those of the first time hold.
        environ: the variables of the jobs.

    Raises:
        JobUnknown: there is none of that name.
        JobHeld: a job of the array runs on this machine; beside it more would run than were allowed.
        JobDamaged: a folder cannot be read.
        InvalidSetting: the engine does not take the options.
        OutputTaken: a job that has not ended writes the same output by now.
        JobNotStarted: the engine did not take them; they are as they were.
    """
    (folders,) = arrays.found(root, [name]).values()
    rows = jobs.rows(root, [folder.id for folder in folders])
    # Of one that cannot be read, this tells why.
    (engine,) = {row.folder.job().engine for row in rows}
    if options and engine != SLURM:
        raise InvalidSetting("What is behind --", " ".join(options), "left out, unless for jobs of Slurm")
    jobs.check_options(engine, options)
    for row in rows:
        if engine == HERE and row.state.phase not in ENDS:
            raise JobHeld(row.folder.id, row.folder.path)
    wanted = [row.folder for row in rows if row.state.phase == PHASES[which]]
    if wanted:
        _start(root, wanted, engine, options, environ)
    return wanted


def _start(
    root: Path, folders: Sequence[Folder], engine: str, options: Sequence[str], environ: Mapping[str, str]
) -> None:
    taken: Dict[int, Tuple[Folder, State]] = {}
    try:
        with jobs.turn(root, engine):
            for folder in folders:
                _check_output(root, folder)
                taken[folder.take(jobs.ENDING_SECONDS)] = folder, folder.state()
                if options:
                    folder.change(replace(folder.job(), options=list(options)))
                folder.go_on()
                folder.write(State(PENDING, time.time()))
        jobs.ENGINES[engine].start_all(folders, list(taken), environ, folders[0].job().at_most or 1)
    except BaseException:
        for folder, before in taken.values():
            if folder.state().phase == PENDING:
                with suppress(OSError):
                    folder.write_end(before)
        raise
    finally:
        for lock in taken:
            os.close(lock)


def _check_output(root: Path, folder: Folder) -> None:
    output = Path(folder.job().output)
    if output.parent != folder.path:
        jobs.check_output(root, str(output))
