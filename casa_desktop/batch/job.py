"""``python -m casa_desktop.batch.job FOLDER``: a job. It runs its notebook, and tells how far it is and how it ends."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import List, Optional

from ..errors import CasaDesktopError
from . import slurm
from .execution import execute
from .job_folder import Folder
from .job_state import ABORTED, COMPLETED, ERROR, EXECUTING, QUEUED, SLURM, Job, State
from .models import Plan, Progress, Status

# Slurm starts a job again on another node while it still ends on the first, if that has lost its connection.
_LOCK_SECONDS = 60.0
# The run takes them, but not at its very beginning. It is of no login, whose end SIGHUP tells.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP)
# So often in a row a job may be stopped in the same cell because its time is up.
_STOPS = 3
_PREFIX = "casa-desktop: "


def main(argv: Optional[List[str]] = None) -> int:
    """Run a job; return its exit status, as that of ``casa-desktop run``."""
    parser = argparse.ArgumentParser(prog="casa_desktop.batch.job", description=__doc__)
    parser.add_argument("folder", type=Path, help="the job's folder")
    parser.add_argument("--lock", type=int, default=-1, help="a descriptor of its lock, which is held; go on detached")
    parser.add_argument("--stay", action="store_true", help="do not go on detached")
    arguments = parser.parse_args(argv)
    folder = Folder(arguments.folder)
    if arguments.lock >= 0:
        os.set_inheritable(arguments.lock, False)
        if not arguments.stay and os.fork():
            # By this end its starter knows that the job has begun.
            os._exit(0)
        return _Run(folder).perform()
    lock = folder.take(_LOCK_SECONDS)
    try:
        return _Run(folder).perform()
    finally:
        os.close(lock)


class _Stopped(BaseException):
    """A signal came before the notebook ran."""


class _Run:
    """One run of a job, whose lock is held.

    Args:
        folder: of the job.

    Raises:
        JobDamaged: it cannot be read.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder, self._job = folder, folder.job()
        self._said = self._signal = ""
        self._seconds, self._is_over = folder.terms().seconds, False
        begun = folder.state().now(EXECUTING)
        self._state = replace(begun, cell=0, doing="", pid=os.getpid(), host=socket.gethostname(), begun=time.time())

    def perform(self) -> int:
        """Run the notebook; return the exit status."""
        try:
            for number in SIGNALS:
                signal.signal(number, self._stop_early)
            signal.signal(signal.SIGALRM, self._end_in_time)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            self._folder.write(self._state)
            # Who wanted it to stop before its process id was known sent no signal.
            status = int(Status.STOPPED) if self._folder.is_to_stop() else self._executed()
        except _Stopped:
            status = int(Status.STOPPED)
        for number in (*SIGNALS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        ended = self._ended(status)
        if ended != self._folder.state():
            self._folder.write_end(ended)
        return status

    def _stop_early(self, number: int, _frame: object) -> None:
        self._signal = signal.Signals(number).name
        raise _Stopped

    def _end_in_time(self, _number: int, _frame: object) -> None:
        self._is_over = True
        os.kill(os.getpid(), signal.SIGTERM)

    def _executed(self) -> int:
        try:
            return execute(plan(self._job, self._folder), self._report, self._say)
        except CasaDesktopError as error:
            self._say(f"{_PREFIX}{error}")
            return Status.USAGE
        except Exception as error:  # noqa: BLE001  # whatever it is, the job tells how it ended
            traceback.print_exc()
            self._say(f"{type(error).__name__}: {error}")
            return Status.FAILED

    def _report(self, progress: Progress) -> None:
        self._signal = progress.signal or self._signal
        self._state = replace(self._state, cell=progress.cell, cells=progress.cells, doing=progress.doing)
        if progress.cell and not progress.signal:
            now = time.strftime("%Y-%m-%d %H:%M:%S")
            print(f"{now} cell {progress.cell} of {progress.cells}: {progress.doing}", flush=True)
        # A disk that is full now may have room for the next.
        with suppress(OSError):
            self._folder.write(self._state)

    def _say(self, sentence: str) -> None:
        print(sentence, flush=True)
        first = sentence.partition("\n")[0]
        self._said = first[len(_PREFIX) :] if first.startswith(_PREFIX) else first

    def _ended(self, status: int) -> State:
        if status == Status.DONE:
            return self._state.now(COMPLETED, status=status)
        if status != Status.STOPPED:
            return self._state.now(ERROR, self._said, status)
        where = f" in cell {self._state.cell} of {self._state.cells}" if self._state.cell else " before its first cell"
        if self._is_over:
            return self._state.now(ABORTED, f"It was stopped{where}: it had run for {self._seconds} s.", status)
        if self._folder.is_to_stop():
            return self._state.now(ABORTED, f"It was stopped{where}.", status)
        if self._job.engine == SLURM and self._signal == signal.SIGUSR1.name:
            return self._warned(where)
        # Why Slurm has sent SIGTERM, and whether it runs the job again, it is asked later.
        phase = EXECUTING if self._job.engine == SLURM else ERROR
        return self._state.now(phase, f"It was stopped by {self._signal or 'a signal'}{where}; it can go on.", status)

    def _warned(self, where: str) -> State:
        """Return the state of a job that has stopped because Slurm had warned it, after it was queued again."""
        stops = self._state.stops + 1 if self._state.stopped_in == self._state.cell else 1
        state = replace(self._state, stopped_in=self._state.cell, stops=stops)
        head = f"Its time was nearly up, so it was stopped{where}"
        if not self._job.reuse:
            return state.now(ERROR, f"{head}. With --no-reuse it would begin from the beginning.", Status.STOPPED)
        if stops >= _STOPS:
            times = f"{head}, for the {_STOPS}rd time. Give it more time (--time), or make two cells of it."
            return state.now(ERROR, times, Status.STOPPED)
        queued = state.now(QUEUED, f"{head}; it is queued again, and goes on by the results that are kept.")
        # Before it may run again.
        self._folder.write_end(queued)
        try:
            slurm.requeue(self._state.slurm)
        except CasaDesktopError as error:
            return state.now(ERROR, f"{head}, and could not be queued again: {error}", Status.STOPPED)
        return queued


def plan(job: Job, folder: Folder) -> Plan:
    """Return what a job runs.

    Raises:
        JobDamaged: the copy of the notebook is missing.
    """
    return Plan(
        notebook=Path(job.notebook),
        output=Path(job.output),
        parameters=job.parameters,
        kernel=job.kernel,
        folder=Path(job.folder),
        reuse=job.reuse,
        allow_errors=job.allow_errors,
        copy=folder.input(),
        spec=job.spec,
    )


if __name__ == "__main__":
    sys.exit(main())
