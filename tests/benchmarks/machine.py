"""The machine: what it is, and whether it left a run alone.

Others' work cannot be told from ours while a run is under way. So before each run, when all that is measured is at
rest, the share of the processors that are busy nevertheless is taken, and a fixed piece of work is timed; during the
run, what the hypervisor took away is counted (``steal`` in /proc/stat).
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import psutil

# More than these, and a run counts as disturbed: busy processors before it, stolen time during it, and how much longer
# the fixed work took than at its best. An idle desktop of each side takes less than 0.01 of the processors together.
MOST_BUSY, MOST_STOLEN, MOST_SLOW = 0.15, 0.02, 1.25
# What ended before is given so long to come to rest.
PATIENCE, SAMPLE = 3.0, 0.25


class Ticks(NamedTuple):
    """Seconds of all processors together since the boot."""

    busy: float
    stolen: float
    total: float


def ticks() -> Ticks:
    """Return what the processors have done."""
    times = psutil.cpu_times()
    idle = times.idle + times.iowait
    total = sum(times[:8])
    return Ticks(total - idle, times.steal, total)


def spin() -> float:
    """Return the seconds that a fixed piece of work takes, at the best of three times; about 10 ms each."""
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        sum(number * number for number in range(150_000))
        best = min(best, time.perf_counter() - begun)
    return best


def busy() -> float:
    """Return the fraction of the processors that is busy as soon as it is low, or after three seconds anyhow."""
    end = time.monotonic() + PATIENCE
    while True:
        before = ticks()
        time.sleep(SAMPLE)
        after = ticks()
        share = (after.busy - before.busy) / max(after.total - before.total, 0.01)
        if share <= MOST_BUSY or time.monotonic() > end:
            return share


def judge(share: float, stolen: float, slow: float) -> str:
    """Return what disturbed a run, in words that a comma parts; empty for nothing.

    Args:
        share: the busy part of the processors before the run.
        stolen: the part that the hypervisor took during it.
        slow: how long the fixed work took, as a multiple of its best time.
    """
    kinds = (("load", share > MOST_BUSY), ("steal", stolen > MOST_STOLEN), ("slow processor", slow > MOST_SLOW))
    return ", ".join(kind for kind, there in kinds if there)


@dataclass
class Watch:
    """Judges run after run.

    Attributes:
        shares, slows: of all runs until now, for the report.
        stolen: likewise.
    """

    best: float = field(default_factory=spin)
    shares: List[float] = field(default_factory=list)
    slows: List[float] = field(default_factory=list)
    stolen: List[float] = field(default_factory=list)
    _before: Optional[Ticks] = None

    def begin(self) -> None:
        """A run is about to begin: wait for quiet, a little."""
        self.shares.append(busy())
        taken = spin()
        self.best = min(self.best, taken)
        self.slows.append(taken / self.best)
        self._before = ticks()

    def end(self) -> str:
        """A run has ended; return what disturbed it."""
        assert self._before is not None
        after = ticks()
        passed = max(after.total - self._before.total, 0.01)
        self.stolen.append((after.stolen - self._before.stolen) / passed)
        return judge(self.shares[-1], self.stolen[-1], self.slows[-1])

    def told(self) -> Dict[str, Any]:
        """Return what the report has of all runs: the worst of each, and the work's best time."""
        worst = {"busy before": self.shares, "stolen": self.stolen, "slow": self.slows}
        return {"spin": self.best, "worst": {name: max(each, default=0.0) for name, each in worst.items()}}


def describe() -> Dict[str, Any]:
    """Return what the machine is, and its load now."""
    return {
        "cores": os.cpu_count(),
        "model": _model(),
        "memory": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "system": _system(),
        "load": list(os.getloadavg()),
    }


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
