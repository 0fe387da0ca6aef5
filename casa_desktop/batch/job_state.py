"""What a job is: what was asked for, how far it is, and what the service that has made it gives it. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

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
