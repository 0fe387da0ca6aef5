"""When the Slurm job in which this process runs will end."""

from __future__ import annotations

import os
import subprocess
from typing import List, Mapping, Optional

from .process import on_path

# Slurm's commands wait for a controller that does not answer, some of them for minutes.
_SECONDS = 10.0


def end_of_job(environ: Mapping[str, str]) -> Optional[float]:
    """Return when the job ends, in seconds since the epoch; None outside of a job, and if it has no end.

    Slurm is asked first, because a job's time may have been extended; it takes some 10 ms, and up to 10 s where Slurm
    does not answer. Then, what the job was told at its start counts.
    """
    job = environ.get("SLURM_JOB_ID", "")
    if not job.isdecimal():
        return None
    told = _told(job)
    return _seconds(environ.get("SLURM_JOB_END_TIME", "") if told is None else told)


def _told(job: str) -> Optional[str]:
    """Return what Slurm says; None if it says nothing."""
    program = on_path(["squeue"])
    if program is None:
        return None
    command: List[str] = [program, "--noheader", "--jobs", job, "--format", "%e"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "SLURM_TIME_FORMAT": "%s"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _seconds(text: str) -> Optional[float]:
    return float(text) if text.isdecimal() and int(text) > 0 else None
