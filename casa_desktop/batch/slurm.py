"""Runs jobs on Slurm, by its own commands: sbatch, squeue, scancel, scontrol, and sacct where it is kept."""

from __future__ import annotations

import fcntl
import os
import subprocess
from contextlib import suppress
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from inotify_simple import flags

from ..errors import JobNotStarted, Shortage, SlurmFailed, SlurmMissing
from ..system import process, pythonpath
from ..system.file_alarm import Alarm
from . import here, slurm_words
from .job_folder import Folder
from .job_state import ENDS, QUEUED, UNKNOWN, State
from .models import Status
from .slurm_words import Told

# Slurm's commands wait for a controller that does not answer, some of them for minutes.
_SECONDS = 30.0
# There is no event for the end of a job on another node: how often Slurm is asked, in seconds.
_ASK_SECONDS = 10.0
_SOON_SECONDS = 1.0
_SCRIPT = "slurm.sh"
_KEY = "slurm"


def start(folder: Folder, lock: int, environ: Mapping[str, str]) -> None:
    """Submit a job.

    Args:
        folder: of the job.
        lock: of the job, held until this is done, so that the job begins when it is.
        environ: the variables of the job.

    Raises:
        SlurmMissing: there is no sbatch.
        JobNotStarted: Slurm did not take it; with its own words.
        Shortage: there is no room for the job's files.
    """
    sbatch, job = _program("sbatch"), folder.job()
    script, environment = folder.path / _SCRIPT, pythonpath.seen(environ)
    try:
        script.write_text(slurm_words.script(here.command(folder), environment.get("PYTHONPATH", "")))
        words = slurm_words.submission(sbatch, folder.id, str(folder.log), job.options, str(script))
        output = _run(words, environment, job.folder)
    except SlurmFailed as error:
        raise JobNotStarted("Slurm", error.reason) from error
    except OSError as error:
        raise Shortage.of(error, script) or error from error
    name = slurm_words.submitted(output)
    try:
        folder.write(State(**{**vars(folder.state().now(QUEUED)), "slurm": name}))
    except OSError:
        with suppress(SlurmFailed, SlurmMissing):
            _run((_program("scancel"), name), environment)
        raise


def start_all(folders: Sequence[Folder], locks: Sequence[int], environ: Mapping[str, str], _at_most: int) -> None:
    """Submit the jobs of an array, each by itself, because centres limit arrays; the errors are those of ``start``."""
    for folder, lock in zip(folders, locks):
        start(folder, lock, environ)
        # It may begin while the others are submitted.
        fcntl.flock(lock, fcntl.LOCK_UN)


def is_here() -> bool:
    """Return whether jobs can be submitted from this machine."""
    return process.on_path(["sbatch"]) is not None


def _program(name: str) -> str:
    found = process.on_path([name])
    if found is None:
        raise SlurmMissing((name,), "slurm-client")
    return found


def _run(words: Sequence[str], environ: Optional[Mapping[str, str]] = None, folder: Optional[str] = None) -> str:
    """Run a command of Slurm's; return what it prints.

    Raises:
        SlurmFailed: it failed, or did not answer.
    """
    name = os.path.basename(words[0])
    try:
        done = subprocess.run(
            words, env=environ, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SlurmFailed(name, f"it has not answered for {_SECONDS:g} s") from error
    if done.returncode:
        words_of_it = slurm_words.complaint(done.stderr.decode(errors="replace"))
        raise SlurmFailed(name, words_of_it or f"it ended with {done.returncode}")
    return done.stdout.decode(errors="replace")


def look(folder: Folder, memory: Dict[str, Any]) -> State:
    """Return the state of a job; of one that was killed, the end is written by the next who looks.

    Args:
        folder: of the job.
        memory: what Slurm has said of all jobs, if it was asked; empty at first.

    Raises:
        JobDamaged: its folder cannot be read.
        Shortage: this cannot be told now.
    """
    state = folder.state()
    if state.phase in ENDS:
        return state
    if not state.slurm:
        # Its submission has broken off, or is not done.
        return here.look(folder, memory)
    if _KEY not in memory:
        memory[_KEY] = _listed()
    listed = memory[_KEY]
    if isinstance(listed, str):
        # It may have ended meanwhile, and told so.
        state = folder.state()
        return state if state.phase in ENDS else slurm_words.silent(state, listed)
    return _settled(folder, listed.get(state.slurm) or _accounted(state.slurm))


def _listed() -> Union[Dict[str, Told], str]:
    """Ask Slurm for this user's jobs; return why it does not tell, if so."""
    try:
        return slurm_words.listed(_run(slurm_words.listing(_program("squeue"), os.getuid())))
    except (SlurmFailed, SlurmMissing) as error:
        return str(error).rstrip(".")


def _accounted(name: str) -> Optional[Told]:
    """Ask Slurm's accounting, which is not kept everywhere."""
    sacct = process.on_path(["sacct"])
    try:
        return slurm_words.accounted(_run(slurm_words.accounting(sacct, name))) if sacct else None
    except SlurmFailed:
        return None


def _settled(folder: Folder, told: Optional[Told]) -> State:
    # The job writes its end before Slurm has it ended: read after Slurm was asked, its own words are the last.
    state = folder.state()
    if state.phase in ENDS or (told is None and folder.is_alive()):
        return state
    meant = slurm_words.forgotten(state) if told is None else slurm_words.meaning(state, told, here.last_words(folder))
    if meant.phase not in ENDS:
        return meant
    with folder.held() as free:
        state = folder.state()
        if not free or state.phase in ENDS:
            return state
        with suppress(OSError):
            folder.write_end(meant)
        return meant


def stop(folder: Folder) -> None:
    """Ask a job to stop: one that runs saves its notebook, one that waits is cancelled. Return at once.

    Raises:
        SlurmFailed, SlurmMissing: it cannot be asked.
    """
    folder.ask_to_stop()
    scancel, name = _program("scancel"), folder.state().slurm
    told = slurm_words.listed(_run(slurm_words.listing(_program("squeue"), os.getuid()))).get(name, Told(""))
    # Only the job itself: the kernel lives until the notebook is saved.
    signal = ("--batch", "--signal=TERM") if told.state == "RUNNING" else ()
    _run((scancel, *signal, name))


def wait(folder: Folder) -> bool:
    """Wait until a job may have ended; return whether it is to be waited for again."""
    alarm = Alarm(_ASK_SECONDS)
    alarm.open()
    try:
        alarm.arm(str(folder.path), flags.MOVED_TO | flags.ONESHOT)
        state = look(folder, {})
        if state.phase not in (*ENDS, UNKNOWN):
            # One that has stopped ends at any moment.
            alarm.wait(_SOON_SECONDS if state.status == Status.STOPPED else _ASK_SECONDS)
    finally:
        alarm.close()
    return state.phase != UNKNOWN


def requeue(name: str) -> None:
    """Let Slurm run this job again, from within it. Slurm ends it then.

    Raises:
        SlurmFailed, SlurmMissing: that does not work.
    """
    _run((_program("scontrol"), "requeue", name))
