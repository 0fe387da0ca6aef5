"""The steps of the Slurm job in which this process runs, and their end.

A desktop detaches itself from its starter. At the job's end Slurm finds such a process if it tracks processes by
control groups, and overlooks it if it tracks them by their parents (``proctrack/linuxproc``). So a desktop watches the
steps.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List, Mapping

from .descriptors import readable
from .process import open_pid

# Of slurmstepd, the parent of a step's processes; its command line is "slurmstepd: [JOB.STEP]".
_PROGRAM = "slurmstepd"


class Steps:
    """The steps of the job on this node that run now; none outside of a job.

    Args:
        environ: the variables of this process.

    Attributes:
        running: descriptors, each readable when its step has ended.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        job = environ.get("SLURM_JOB_ID", "")
        self.running: List[int] = list(_descriptors(job)) if job else []

    def have_ended(self) -> bool:
        """Return whether there were steps, and the last of them has ended now. It does not wait."""
        ended = set(readable(self.running, 0)) if self.running else set()
        for descriptor in ended:
            os.close(descriptor)
        self.running = [each for each in self.running if each not in ended]
        return bool(ended) and not self.running


def _descriptors(job: str) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        # A process may end meanwhile; those of other users may be hidden.
        with suppress(OSError):
            if folder.name.isdigit() and (folder / "comm").read_text().startswith(_PROGRAM) and _is_of(folder, job):
                descriptor = open_pid(int(folder.name))
                if descriptor is not None:
                    yield descriptor


def _is_of(folder: Path, job: str) -> bool:
    return (folder / "cmdline").read_text(errors="replace").startswith(f"{_PROGRAM}: [{job}.")
