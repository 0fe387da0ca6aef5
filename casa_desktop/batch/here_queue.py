"""``python -m casa_desktop.batch.here_queue``: starts the jobs of an array on this machine, so many at a time.

It holds the locks of those that wait, and ends when it has started the last one. If it is killed, their locks are free,
and whichever process looks next knows that they did not start.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional, Set

from ..errors import JobDamaged
from ..system import pythonpath
from . import here
from .job_folder import Folder
from .job_state import ABORTED, ERROR, QUEUED
from .models import Status

# By these it ends; SIGUSR1 has it look which of its jobs are to stop.
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# A folder that was removed by hand, or a full disk: whichever process looks next sees the free lock.
_UNWRITABLE = (OSError, JobDamaged)


def main(argv: Optional[List[str]] = None) -> int:
    """Start jobs until all have been started."""
    parser = argparse.ArgumentParser(prog="casa_desktop.batch.here_queue", description=__doc__)
    parser.add_argument("--at-most", type=int, default=1, help="how many run at the same time")
    parser.add_argument("root", type=Path, help="the folder of all jobs")
    parser.add_argument("jobs", nargs="+", help="a job's id and the descriptor of its lock, which is held: ID:NUMBER")
    arguments = parser.parse_args(argv)
    locks = {}
    for word in arguments.jobs:
        name, _, number = word.rpartition(":")
        locks[name] = int(number)
        os.set_inheritable(int(number), False)
    queue = _Queue(arguments.root, locks, arguments.at_most)
    if os.fork():
        # By this end its starter knows that the queue stands.
        os._exit(0)
    queue.perform()
    return 0


class _Queue:
    """Jobs that wait.

    Args:
        root: the folder of all jobs.
        locks: the descriptors of the jobs' locks, by their ids, in the order of their start.
        at_most: how many run at the same time.
    """

    def __init__(self, root: Path, locks: Dict[str, int], at_most: int) -> None:
        self._waiting = {name: (Folder(root / name), lock) for name, lock in locks.items()}
        self._at_most = at_most
        self._running: List[subprocess.Popen[bytes]] = []
        # Each signal writes its number here.
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, _nothing)

    def perform(self) -> None:
        """Start each job when another has ended."""
        for folder, _ in self._waiting.values():
            # By this process id ``here.stop`` finds this process.
            with suppress(*_UNWRITABLE):
                folder.write(replace(folder.state().now(QUEUED), pid=os.getpid(), host=socket.gethostname()))
        while True:
            self._drop_stopped()
            self._running = [each for each in self._running if each.poll() is None]
            while self._waiting and len(self._running) < self._at_most:
                self._start_next()
            if not self._waiting:
                return
            ending = set(os.read(self._reader, 4096)) & set(_ENDING)
            if ending:
                self._end(ending)
                return

    def _drop_stopped(self) -> None:
        for name, (folder, _) in list(self._waiting.items()):
            if folder.is_to_stop():
                self._drop(name, ABORTED, "It was stopped before it began.", Status.STOPPED)

    def _end(self, signals: Set[int]) -> None:
        name = signal.Signals(min(signals)).name
        for waiting in list(self._waiting):
            self._drop(waiting, ERROR, f"It was stopped by {name} before it began; it can go on.", Status.STOPPED)

    def _drop(self, name: str, phase: str, sentence: str, status: Status) -> None:
        folder, lock = self._waiting.pop(name)
        with suppress(*_UNWRITABLE):
            folder.write_end(replace(folder.state(), pid=0).now(phase, sentence, status))
        os.close(lock)

    def _start_next(self) -> None:
        name, (folder, lock) = next(iter(self._waiting.items()))
        try:
            # From now on it is the job itself that is to be stopped.
            folder.write(replace(folder.state(), pid=0))
            with folder.log.open("ab") as log:
                begun = subprocess.Popen(
                    here.command(folder, "--lock", str(lock), "--stay"),
                    env=pythonpath.seen(os.environ),
                    cwd=folder.path,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
        except _UNWRITABLE as error:
            sentence = f"It did not start: {getattr(error, 'strerror', None) or error}."
            return self._drop(name, ERROR, sentence, Status.FAILED)
        del self._waiting[name]
        # The job holds it, alone.
        os.close(lock)
        self._running.append(begun)


def _nothing(_number: int, _frame: object) -> None:
    """Take a signal; its number is in the pipe."""


if __name__ == "__main__":
    sys.exit(main())
