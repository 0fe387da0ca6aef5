"""Jobs that Slurm warns of the end of their time, and that are not queued again for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from casa_desktop.batch import job_root
from casa_desktop.batch.job_folder import Folder
from casa_desktop.batch.job_state import ERROR, EXECUTING, SLURM, Job
from casa_desktop.batch.models import Status


def _folder(place: Path, *, reuse: bool) -> Folder:
    """Make the folder of a job whose kernel never answers, so that it is stopped before its first cell."""
    notebook = place / "reduce.py"
    notebook.write_text("1 + 1\n")
    never = {"argv": ["sleep", "1000"], "display_name": "never", "language": "python"}
    job = Job(str(notebook), "", "never", str(place), reuse=reuse, engine=SLURM, spec=never)
    folder, lock = job_root.create(place / "jobs", job, notebook)
    os.close(lock)
    return folder


@pytest.mark.parametrize(
    ("reuse", "stops", "sentence"),
    [
        (True, 2, ", for the 3rd time. Give it more time (--time), or make two cells of it."),
        (False, 0, ". With --no-reuse it would begin from the beginning."),
    ],
)
def test_a_job_that_would_come_no_further_ends_and_says_why(
    tmp_path: Path, reuse: bool, stops: int, sentence: str
) -> None:
    folder = _folder(tmp_path, reuse=reuse)
    folder.write(replace(folder.state(), slurm="7", stops=stops))
    argv = [sys.executable, "-m", "casa_desktop.batch.job", str(folder.path)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        try:
            while folder.state().phase != EXECUTING:
                assert process.poll() is None
            process.send_signal(signal.SIGUSR1)
            assert process.wait(60) == Status.STOPPED
        finally:
            process.kill()
    state = folder.state()
    assert (state.phase, state.status, state.stops) == (ERROR, Status.STOPPED, stops + 1)
    assert state.sentence == f"Its time was nearly up, so it was stopped before its first cell{sentence}"
