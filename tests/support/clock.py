"""Clocks for the few promises that are a time: they stand still while others have what the promise needs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Container, Dict, Iterator, Set, Tuple

import psutil

from . import living
from .processes import MARK

_NS = 1e-9
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def own_time() -> float:
    """Return seconds of a clock that stands still while the host has this machine's processors."""
    return time.monotonic() - psutil.cpu_times().steal / psutil.cpu_count()


class Stopwatch:
    """Measures what takes processes of this test a while, as if no others were on the machine.

    It leaves out how long the threads of this process, of those below it and of their desktops were ready to run and
    had no processor, but at most as long as others have had one: on a quiet machine it goes like ``own_time``. How long
    a process waited that has ended meanwhile is not known, and not left out.

    Source: sched-stats.rst of Linux, /proc/PID/schedstat.
    """

    def __init__(self) -> None:
        self._born = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._threads, self._busy = _threads(), _busy()
        self._began = own_time()

    def seconds(self) -> float:
        """Return how long it has run."""
        elapsed, busy = own_time() - self._began, _busy() - self._busy
        ran = waited = 0.0
        # What is older than the watch and was not seen then has not done all of it meanwhile.
        for name, (running, waiting) in _threads(self._threads, self._born).items():
            former = self._threads.get(name, (0.0, 0.0))
            ran, waited = ran + running - former[0], waited + waiting - former[1]
        return undisturbed(elapsed, waited, (busy - ran) / psutil.cpu_count())


def undisturbed(elapsed: float, waited: float, others: float) -> float:
    """Return which part of a time was not spent in waiting for others; pure.

    Args:
        elapsed: the time.
        waited: how long threads waited for a processor, each by itself, and for whomever.
        others: how long others had all the processors, or twice as long half of them. All in seconds.
    """
    return elapsed - min(waited, max(others, 0.0))


def _busy() -> float:
    """Return for how many seconds processors have worked since the machine was started."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _threads(known: Container[str] = (), since: float = 0.0) -> Dict[str, Tuple[float, float]]:
    """Return how long each thread of ours has run, and has waited for a processor, in seconds.

    Args:
        known: threads that count whatever their age.
        since: the others count if they began later, in seconds since the machine was started.
    """
    found = {}
    for pid in _ours():
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            name = path.parts[-2]
            try:
                if name in known or _began(path.with_name("stat")) >= since - _TICK:
                    ran, waited, _ = map(int, path.read_text(encoding="ascii").split())
                    found[name] = ran * _NS, waited * _NS
            except OSError:
                # The thread has just ended.
                continue
    return found


def _began(stat: Path) -> float:
    """Return when a thread began, in seconds since the machine was started."""
    words = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return int(words[19]) * _TICK


def _ours() -> Set[int]:
    """Return the ids of the processes of this test; its desktops have left the family, and bear its mark."""
    family = living.family(os.getpid())
    marks = {os.environ.get(MARK), *(living.variables(each).get(MARK) for each in family)} - {None}
    return {each.pid for each in family} | {each.pid for each in _with_variable(marks)}


def _with_variable(marks: Set[object]) -> Iterator[psutil.Process]:
    return (each for each in psutil.process_iter() if living.variables(each).get(MARK) in marks)
