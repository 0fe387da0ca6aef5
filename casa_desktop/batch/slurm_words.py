"""What is said to Slurm's commands, and what they say: command lines, states and their meaning. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence, Tuple

from ..errors import InvalidSetting
from .job_state import ABORTED, ERROR, EXECUTING, HELD, QUEUED, SUSPENDED, UNKNOWN, State
from .models import Status

# How long before its time is up a job is warned, in seconds: a cell is given 20 s to hear the interrupt, and the
# kernel a minute to end.
WARNING = 120
# Options of sbatch by which it does not submit one job at once and print its id.
_REFUSED = {
    "--array": "-p NAME=@FILE, which makes a job for each line of a file",
    "-a": "-p NAME=@FILE, which makes a job for each line of a file",
    "--wrap": "a notebook in place of a command",
    "--wait": "casa-desktop jobs wait",
    "-W": "casa-desktop jobs wait",
    "--test-only": "sbatch itself",
    "--output": "the job's log, which 'casa-desktop jobs log' prints",
    "-o": "the job's log, which 'casa-desktop jobs log' prints",
    "--error": "the job's log, which 'casa-desktop jobs log' prints",
    "-e": "the job's log, which 'casa-desktop jobs log' prints",
}


def check(options: Sequence[str]) -> None:
    """Check the options that a user has for sbatch.

    Raises:
        InvalidSetting: with one of them there would be no job as it is meant.
    """
    for word in options:
        name = word.partition("=")[0]
        if name in _REFUSED:
            raise InvalidSetting("An option behind --", word, f"left out: there is {_REFUSED[name]}")
        if not word.startswith("-") and word.endswith((".sh", ".py", ".ipynb")):
            raise InvalidSetting("An option behind --", word, "an option of sbatch; the notebook stands before --on")


def script(command: Sequence[str], pythonpath: str) -> str:
    """Return the batch script of a job.

    Args:
        command: what it runs; it takes the place of the shell, so that Slurm's signals reach it.
        pythonpath: folders of modules that the command needs; empty for none.
    """
    lines = ["#!/bin/sh"]
    if pythonpath:
        lines.append(f"export PYTHONPATH={shlex.quote(pythonpath)}")
    return "\n".join([*lines, f"exec {' '.join(map(shlex.quote, command))}", ""])


def submission(sbatch: str, name: str, log: str, options: Sequence[str], file: str) -> Tuple[str, ...]:
    """Return the command that submits a job.

    Args:
        sbatch: the path of sbatch.
        name: of the job, for squeue.
        log: the path of the file for what the job prints.
        options: the user's; of an option that is given twice, sbatch takes the last.
        file: the batch script.
    """
    defaults = ("--requeue", f"--signal=B:USR1@{WARNING}", f"--job-name={name}")
    ours = ("--parsable", f"--output={log}", "--open-mode=append")
    return (sbatch, *defaults, *options, *ours, file)


def submitted(output: str) -> str:
    """Return the id that ``sbatch --parsable`` has printed; the name of a cluster may stand behind it."""
    return output.strip().partition(";")[0]


def complaint(stderr: str) -> str:
    """Return what a command of Slurm has to say, in one line."""
    lines = [line.strip().rstrip(".") for line in stderr.splitlines() if line.strip()]
    words = [line for line in lines if not line.lower().startswith("try ")]
    return "; ".join(words)[:500]


@dataclass(frozen=True)
class Told:
    """What Slurm says of a job.

    Attributes:
        state: its word for the state, like ``RUNNING``.
        reason: why; empty if it gives none.
    """

    state: str
    reason: str = ""


# What squeue is asked for, and how.
FORMAT = "%i|%T|%r"


def listing(squeue: str, user: int) -> Tuple[str, ...]:
    """Return the command that lists all jobs of a user that Slurm remembers."""
    return (squeue, "--noheader", f"--user={user}", "--states=all", f"--format={FORMAT}")


def listed(output: str) -> Dict[str, Told]:
    """Return what squeue has listed in ``FORMAT``, by Slurm's ids."""
    found = {}
    for line in output.splitlines():
        name, first, rest = line.partition("|")
        state, _, reason = rest.partition("|")
        if first and state:
            found[name.strip()] = Told(state.strip(), "" if reason.strip() in ("None", "(null)") else reason.strip())
    return found


def accounting(sacct: str, name: str) -> Tuple[str, ...]:
    """Return the command that asks Slurm's accounting for a job that squeue has forgotten."""
    return (sacct, "--noheader", "--parsable2", "--allocations", f"--jobs={name}", "--format=State,Reason")


def accounted(output: str) -> Optional[Told]:
    """Return what sacct has printed; None if it knows nothing."""
    line = output.strip().partition("\n")[0]
    state, _, reason = line.partition("|")
    # CANCELLED by 1000
    word = state.split(" ")[0]
    return Told(word, "" if reason in ("None", "Unknown", "(null)") else reason) if word else None


# While a job waits or runs. What is not listed, like COMPLETING, changes nothing.
_WAITING = {
    "PENDING": QUEUED,
    "CONFIGURING": QUEUED,
    "REQUEUED": QUEUED,
    "REQUEUE_FED": QUEUED,
    "RESV_DEL_HOLD": HELD,
    "REQUEUE_HOLD": HELD,
    "SPECIAL_EXIT": HELD,
    "SUSPENDED": SUSPENDED,
    "STOPPED": SUSPENDED,
    "RUNNING": EXECUTING,
}
# Of jobs that have ended: why, if the job itself was not heard.
_ENDS: Mapping[str, str] = {
    "OUT_OF_MEMORY": "Slurm ended it, because it needed more memory than it had asked for; ask for more with --mem",
    "TIMEOUT": "Its time was up before it was saved; ask for more with --time",
    "DEADLINE": "Slurm ended it at its deadline",
    "NODE_FAIL": "Its node failed",
    "BOOT_FAIL": "Its node did not boot",
    "PREEMPTED": "Slurm ended it for a job of a higher priority",
    "CANCELLED": "It was cancelled",
    "REVOKED": "Another cluster runs it",
    "FAILED": "Its process ended without a word",
    "COMPLETED": "Its process ended without a word",
}


def meaning(state: State, told: Told, last_words: str) -> State:
    """Return the state of a job that has not written its end.

    Args:
        state: as the job has written it last.
        told: what Slurm says.
        last_words: the last line of the job's log.
    """
    if told.state in _ENDS:
        return _end(state, told, last_words)
    phase = _WAITING.get(told.state, state.phase)
    if phase == QUEUED and told.reason.startswith("JobHeld"):
        phase = HELD
    if phase == EXECUTING:
        return state if state.phase == EXECUTING else state.now(EXECUTING, "It begins.")
    if phase == state.phase and state.sentence:
        return state
    return state.now(phase, f"Slurm: {told.reason}" if told.reason else "")


def _end(state: State, told: Told, last_words: str) -> State:
    where = f" in cell {state.cell} of {state.cells}" if state.cell else ""
    # It was stopped by a signal, and could save.
    saved = state.status == Status.STOPPED
    if told.state == "CANCELLED":
        return state.now(ABORTED, f"It was cancelled{where}.", int(Status.STOPPED))
    if saved:
        return state.now(ERROR, state.sentence, int(Status.STOPPED))
    reason = f", {told.reason}" if told.reason else ""
    words = f"; its log ends with: {last_words}" if "error" in last_words.lower() else ""
    sentence = f"{_ENDS[told.state]}{where} (Slurm: {told.state}{reason}{words})."
    return state.now(ERROR, sentence, int(Status.LOST))


def forgotten(state: State) -> State:
    """Return the end of a job that Slurm no longer knows, and that has not written its end."""
    if state.status == Status.STOPPED:
        return state.now(ERROR, state.sentence, int(Status.STOPPED))
    where = f" in cell {state.cell} of {state.cells}" if state.cell else ""
    sentence = f"Its process ended without a word{where}, and Slurm no longer knows its job {state.slurm}."
    return state.now(ERROR, sentence, int(Status.LOST))


def silent(state: State, words: str) -> State:
    """Return the state of a job when Slurm does not answer."""
    return state.now(UNKNOWN, f"Slurm does not tell: {words}")
