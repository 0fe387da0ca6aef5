"""When a job ends, asked within jobs of a real Slurm."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from casa_desktop.system.job_end import end_of_job

from ...support import slurm as real_slurm

CODE = """
import json, os, subprocess
from casa_desktop.system.job_end import end_of_job
told = [end_of_job(os.environ)]
subprocess.run(["scontrol", "update", "JobId=" + os.environ["SLURM_JOB_ID"], "TimeLimit=90"], check=True)
told.append(end_of_job(os.environ))
os.environ["PATH"] = "/nowhere"
told.append(end_of_job({**os.environ, "SLURM_JOB_END_TIME": "1764446400"}))
print(json.dumps(told))
"""


@pytest.mark.skipif(shutil.which("slurmctld") is None, reason="apt-get install slurmctld slurmd munge")
def test_the_end_of_a_job_is_what_slurm_says_now_and_else_what_the_job_was_told(place: Path) -> None:
    with real_slurm.started(place / "slurm-end") as slurm:
        printed = slurm.run("srun", "--quiet", "--time=60", sys.executable, "-c", CODE)
    first, later, without_slurm = json.loads(printed.splitlines()[-1])
    assert later - first == 30 * 60
    assert without_slurm == 1764446400


@pytest.mark.parametrize("job", [{}, {"SLURM_JOB_ID": ""}, {"SLURM_JOB_ID": "7; reboot"}])
def test_outside_of_a_job_there_is_no_end(job: dict[str, str]) -> None:
    assert end_of_job({**job, "SLURM_JOB_END_TIME": "1764446400"}) is None


@pytest.mark.parametrize("told", ["", "N/A", "-1", "0"])
def test_a_job_without_an_end_has_none(told: str) -> None:
    # No Slurm knows this job.
    assert end_of_job({"SLURM_JOB_ID": "4294967290", "SLURM_JOB_END_TIME": told}) is None
