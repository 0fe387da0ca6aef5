"""Runs jobs on this machine: each is a process of its own session, which outlives the login."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .. import names
from ..errors import JobNotStarted
from ..system import output, pythonpath
from .job_folder import Folder
from .job_state import ENDS, ERROR, PENDING, QUEUED, UNKNOWN, State

# The exit status of a process that was killed, as a shell has it.
KILLED = 137
ENDED_SILENTLY = "Its process ended without a word"


def command(folder: Folder, *more: str) -> Tuple[str, ...]:
    """Return the command that runs a job."""
    return (sys.executable, *pythonpath.module(names.JOB_PROGRAM), str(folder.path), *more)


def start(folder: Folder, lock: int, environ: Mapping[str, str]) -> None:
    """Start a job, which goes on when this process, its terminal and its login have ended.

    Args:
        folder: of the job.
        lock: the descriptor of its lock, which the job inherits, so that it is held without a gap.
        environ: the variables of the job.

    Raises:
        JobNotStarted: no process can be started.
    """
    _detach(folder, command(folder, "--lock", str(lock)), (lock,), environ)


def start_all(folders: Sequence[Folder], locks: Sequence[int], environ: Mapping[str, str], at_most: int) -> None:
    """Start the jobs of an array, so many at a time; they go on when this process and its login have ended.

    Args:
        folders: of the jobs.
        locks: the descriptors of their locks, as ``start`` has one.
        environ: the variables of the jobs.
        at_most: how many run at the same time.

    Raises:
        JobNotStarted: no process can be started.
    """
    pairs = [f"{folder.id}:{lock}" for folder, lock in zip(folders, locks)]
    queue = pythonpath.module(names.HERE_QUEUE_PROGRAM)
    words = (sys.executable, *queue, "--at-most", str(at_most), str(folders[0].path.parent), *pairs)
    _detach(folders[0], words, locks, environ)


def _detach(folder: Folder, words: Sequence[str], locks: Sequence[int], environ: Mapping[str, str]) -> None:
    """Run a command that goes on by itself; what it prints goes into a job's log."""
    try:
        with folder.log.open("ab") as log:
            begun = subprocess.run(
                words,
                env=pythonpath.seen(environ),
                cwd=folder.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=locks,
                check=False,
            )
    except OSError as error:
        raise JobNotStarted("this machine", error.strerror or str(error)) from error
    # The process that has ended was the job's parent; the job goes on without one.
    if begun.returncode:
        raise JobNotStarted("this machine", last_words(folder) or f"it ended with {begun.returncode}")


def look(folder: Folder, _memory: Optional[Dict[str, Any]] = None) -> State:
    """Return the state of a job; the end of one that was killed is written by the next who looks.

    Raises:
        JobDamaged: its folder cannot be read.
        Shortage: this cannot be told now.
    """
    state = folder.state()
    if state.phase in ENDS or folder.is_alive():
        return state
    if state.host not in ("", socket.gethostname()):
        # Whether locks are seen by other machines hangs on the disk.
        return state.now(UNKNOWN, f"It was started on {state.host}; ask there.")
    with folder.held() as free:
        # It may have written its end, and may have been started again, meanwhile.
        state = folder.state()
        if not free or state.phase in ENDS:
            return state
        ended = state.now(ERROR, _fate(folder, state), KILLED)
        # On a disk that is full the next one writes it.
        with suppress(OSError):
            folder.write_end(ended)
        return ended


def _fate(folder: Folder, state: State) -> str:
    if state.phase in (PENDING, QUEUED) and not state.pid:
        return f"It did not start: {last_words(folder) or 'its process ended without a word'}"
    where = f" in cell {state.cell} of {state.cells}" if state.cell else ""
    if state.phase == QUEUED:
        where = " before it began"
    return f"{ENDED_SILENTLY}{where}: it was killed, perhaps for memory, or the machine was restarted."


def last_words(folder: Folder) -> str:
    """Return the last line with an error in a job's log, or its last line if there is none."""
    try:
        with folder.log.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 4096, 0))
            return output.last_words(file.read())
    except OSError:
        return ""


def stop(folder: Folder) -> None:
    """Ask a job to stop: it interrupts the cell, saves the notebook and ends. Return at once.

    Raises:
        OSError: the wish cannot be written, or the process is another user's.
    """
    folder.ask_to_stop()
    state = folder.state()
    # One that has not told its process id yet looks for the wish when it does so.
    if state.pid and state.host == socket.gethostname() and folder.is_alive():
        # One of an array that waits has the process id of the queue.
        number = signal.SIGUSR1 if state.phase == QUEUED else signal.SIGTERM
        with suppress(ProcessLookupError):
            os.kill(state.pid, number)


def wait(folder: Folder) -> bool:
    """Wait until the process of a job has ended; return whether it is known then how."""
    folder.wait_until_free()
    return look(folder).phase != UNKNOWN
