"""Kills processes while they keep and put back, at moments that a seed chooses, and looks at what they leave.

Some kill themselves at a line of Python, some are killed after a time, also within a system call, and some are only
interrupted at a line, as by the user.
It is a program of its own, because it forks: ``python -m tests.support.reuse_killed FOLDER SEED ROUNDS``.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, List, Optional

from casa_desktop.store.store import Store

from .reuse import SECONDS, call, flag, state, table


class Victim:
    """What a child process does, and what may be there afterwards.

    Attributes:
        ms, versions: tables that one call makes and another changes.
        records: the two calls, kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ms, self.versions = folder / "my.ms", folder / "my.ms.flagversions"
        store, both = Store.of(folder, {}), [self.ms, self.versions]
        self.records = [
            call(store, lambda: (table(self.ms), table(self.versions, 4)), both),
            call(store, lambda: (flag(self.ms), flag(self.versions, 5)), both, "flagdata"),
        ]
        # The second has changed what the first made, so it can be kept only now.
        store.keep(self.records[1], SECONDS)
        for path in both:
            shutil.rmtree(path)
        store.keep(call(store, lambda: (table(self.ms), table(self.versions, 4)), both), SECONDS)

    def work(self, number: int) -> None:
        """Go back to the first call's result, on to the second's, and keep another call."""
        store = Store.of(self.folder, {})
        for record in self.records:
            store.put_back(record)
        image = self.folder / "my.image"
        record = call(store, lambda: image.write_bytes(random.Random(number).randbytes(30_000)), [image], "tclean")
        store.keep(record, SECONDS)
        store.forget(task="tclean")

    def check(self, *, together: bool) -> bool:
        """Return whether both tables are of the same call.

        Raises:
            AssertionError: something is neither as it was nor as it should become, or the tables are not ``together``.
        """
        store = Store.of(self.folder, {})
        first, second = ({name: each.digest for name, each in record.after.items()} for record in self.records)
        now = {str(path): state(path).digest for path in (self.ms, self.versions)}
        assert now in (first, second) or (
            not together and all(now[name] in (first[name], second[name]) for name in now)
        ), now  # fmt: skip
        assert [store.find(record.key) for record in self.records] == self.records
        report = store.check()
        assert report.damaged == (), report
        assert list((store.folder / "new").iterdir()) == []
        assert {path.name for path in self.folder.iterdir()} <= {
            ".casa-reuse", "my.ms", "my.ms.flagversions", "my.image"
        }  # fmt: skip
        return now in (first, second)


def lines_of(victim: Victim) -> int:
    """Return how many lines of Python the work takes."""
    count = 0

    def trace(*_: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)
    victim.work(0)
    sys.settrace(None)
    return count


def stopped_at_line(victim: Victim, number: int, line: int, *, kill: bool) -> None:
    """Do the work in this process, and die at a line of it, or be interrupted there."""
    count = 0

    def trace(*_: Any) -> Any:
        nonlocal count
        count += 1
        if count == line:
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    with suppress(KeyboardInterrupt):
        victim.work(number)
    sys.settrace(None)


def main(folder: Path, seed: int, rounds: int) -> None:
    """Play so many rounds."""
    chance, victim, child = random.Random(seed), Victim(folder), 0
    lines = lines_of(victim)
    begun = time.monotonic()
    victim.work(0)
    seconds = time.monotonic() - begun
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    deaths: List[Optional[int]] = []
    together = True
    for number in range(rounds):
        line, after = chance.randrange(lines), chance.uniform(0.0001, seconds)
        child = os.fork()
        if not child:
            if number % 3:
                stopped_at_line(victim, number, line, kill=number % 3 == 1)
            else:
                victim.work(number)
            os._exit(0)
        if not number % 3:
            signal.setitimer(signal.ITIMER_REAL, after)
        # It stays a zombie until the alarm is off, which would kill another process of that number else.
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _, status = os.waitpid(child, 0)
        deaths.append(os.WTERMSIG(status) if os.WIFSIGNALED(status) else None)
        assert deaths[-1] in (signal.SIGKILL, None), f"round {number}"
        try:
            # One that was killed before may have left one of each, until they are put back.
            together = victim.check(together=together and number % 3 == 2)
        except AssertionError as error:
            raise AssertionError(f"round {number}: line {line}, {after} s: {error}") from error
    print(f"{deaths.count(signal.SIGKILL)} killed, {deaths.count(None)} done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
