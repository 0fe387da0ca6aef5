"""The folder of a job: what was asked, how far it is, and how it ended.

The job itself writes how it ended, because engines forget: Slurm does so after some minutes. A job that lives holds the
lock of the folder's file ``lock``, so a job that was killed is known by its free lock.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import ContextManager

from ..errors import JobDamaged, JobHeld, Shortage
from ..system import files, locks
from .job_state import PHASES, Job, State, Terms

_JOB, _STATE, _LOCK, _LOG, _STOP = "job.json", "phase", "lock", "log", "stop"
_TERMS, _WAITS = "terms.json", "waits"
# A phase's file is at least so long, so that an end that is written to a full disk needs no more room.
_ROOM = 1024


class Folder:
    """The folder of one job.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.log, self.lock = path / _LOG, path / _LOCK

    def job(self) -> Job:
        """Return what was asked for.

        Raises:
            JobDamaged: it cannot be read.
            Shortage: it cannot be read now.
        """
        job = files.read(self.path / _JOB, Job)
        if job is None:
            raise JobDamaged(self.id, self.path, f"its file {_JOB} {self._fault(_JOB)}")
        return job

    def state(self) -> State:
        """Return what the job itself has written last; it may have been killed since.

        Raises:
            JobDamaged: it cannot be read.
            Shortage: it cannot be read now.
        """
        state = files.read(self.path / _STATE, State)
        if state is None or state.phase not in PHASES:
            raise JobDamaged(self.id, self.path, f"its file {_STATE} {self._fault(_STATE)}")
        return state

    def _fault(self, name: str) -> str:
        return "is not as a job writes it" if (self.path / name).exists() else "is missing"

    def made(self) -> float:
        """Return when the job was made, in seconds since 1970: by this, jobs are sorted. 0 if it is not whole."""
        try:
            return (self.path / _JOB).stat().st_mtime
        except OSError:
            return 0.0

    def ask(self, job: Job) -> None:
        """Write what is asked for; with this, the folder becomes a job.

        Raises:
            OSError: it cannot be written.
        """
        files.write(self.path / _JOB, job)

    def change(self, job: Job) -> None:
        """Write anew what is asked for, of a job that waits to be started.

        Raises:
            OSError: it cannot be written.
        """
        made = (self.path / _JOB).stat()
        files.write(self.path / _JOB, job)
        # It was made when it was.
        os.utime(self.path / _JOB, ns=(made.st_atime_ns, made.st_mtime_ns))

    def terms(self) -> Terms:
        """Return what the service that has made the job gives it.

        Raises:
            Shortage: it cannot be read now.
        """
        return files.read(self.path / _TERMS, Terms) or Terms()

    def set_terms(self, terms: Terms) -> None:
        """Write what the job is given.

        Raises:
            OSError: it cannot be written.
        """
        files.write(self.path / _TERMS, terms)

    def waits(self) -> bool:
        """Return whether the job was made to be started later, and was not started yet."""
        return (self.path / _WAITS).exists()

    def set_waiting(self, waits: bool) -> None:
        """Note whether the job waits to be started; hold its lock meanwhile.

        Raises:
            OSError: it cannot be written.
        """
        if waits:
            (self.path / _WAITS).touch(mode=0o600)
        else:
            (self.path / _WAITS).unlink(missing_ok=True)

    def input(self) -> Path:
        """Return the copy of the notebook or script.

        Raises:
            JobDamaged: there is none.
        """
        found = sorted(self.path.glob("input.*"))
        if not found:
            raise JobDamaged(self.id, self.path, "its copy of the notebook is missing")
        return found[0]

    def write(self, state: State) -> None:
        """Write how far the job is, atomically.

        Raises:
            OSError: the folder is gone. A Shortage: there is no room; what was there before stays.
        """
        files.write_text(self.path / _STATE, _text(state))

    def write_end(self, state: State) -> None:
        """Write how the job ended; on a full disk over what is there, which takes no room.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self.write(state)
        except Shortage:
            with (self.path / _STATE).open("r+b") as file:
                text = _text(replace(state, sentence=state.sentence[:300], doing="")).encode()
                # A reader that comes in between finds no JSON; the next one does.
                file.write(text)
                file.truncate(len(text))

    def ask_to_stop(self) -> None:
        """Note that the user wants the job to stop, which it is told by a signal."""
        (self.path / _STOP).touch(mode=0o600)

    def is_to_stop(self) -> bool:
        """Return whether the user wants the job to stop."""
        return (self.path / _STOP).exists()

    def go_on(self) -> None:
        """Forget that the job was to stop: it is started again."""
        (self.path / _STOP).unlink(missing_ok=True)

    def take(self, seconds: float = 0.0) -> int:
        """Take the job's lock; return its descriptor. It is held until that is closed in each process that has it.

        Args:
            seconds: how long to wait for another process that holds it.

        Raises:
            JobHeld: another process has kept it.
            OSError: the folder is gone.
        """
        descriptor = locks.taken(self.lock, seconds)
        if descriptor is None:
            raise JobHeld(self.id, self.path)
        return descriptor

    def wait_until_free(self) -> None:
        """Wait until no process of the job holds its lock; as long as that takes."""
        with suppress(FileNotFoundError):
            locks.wait_for(self.lock)

    def held(self) -> ContextManager[bool]:
        """Hold the job's lock for the length of a with block; yield whether it was free."""
        return locks.turn(self.lock, 0)

    def is_alive(self) -> bool:
        """Return whether a process of the job holds its lock.

        Raises:
            Shortage: the lock cannot be tested now.
        """
        try:
            with locks.turn(self.lock, 0, shared=True) as free:
                return not free
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Shortage.of(error, self.lock) or error from error

    def remove(self) -> None:
        """Remove the folder with all that is in it.

        Raises:
            OSError: it cannot be removed.
        """
        # So that what is left, if this breaks off, is no job.
        with suppress(FileNotFoundError):
            (self.path / _JOB).unlink()
        shutil.rmtree(self.path)


def _text(state: State) -> str:
    return json.dumps(asdict(state), indent=1).ljust(_ROOM) + "\n"
