"""What a call costs that has to run: the same with reuse on, its result kept, and with reuse off.

A task writes into CASA's log when it begins and ends; what a call takes beside that is ours. Of that, ``added`` leaves
out 1 % of the task's own time for reuse, as the target does.
"""

from __future__ import annotations

from typing import Callable, Dict, Mapping

from .disks import BTRFS, CLONING, EXT4, XFS, absent
from .figures import OURS, Figure
from .large_calls import FLAGS, MADE, NEW, SOLVE, on_disk, remove
from .stage import Stage

# A large new result, a small change of a large MeasurementSet, and a small new result.
CALLS = {"hanningsmooth": NEW, "flagdata": FLAGS, "gaincal": SOLVE}
FREE = 0.01

FIGURES: Dict[str, Figure] = {}
for _task in CALLS:
    FIGURES[_task] = Figure(f"{_task} that runs")
    FIGURES[f"{_task} added"] = Figure(f"beside {_task} itself", 10.0, "ms", target="difference")


def _side(reuse: bool) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, case: str) -> Mapping[str, float]:
        if absent(case):
            return {}
        calls, folder = on_disk(stage, case, reuse), stage.disks.folder(case)
        calls.forget()
        remove(folder / MADE, folder / "made.G")
        # What the input holds is known by then.
        calls.time("listobs('large.ms')")
        found: Dict[str, float] = {}
        for task, call in CALLS.items():
            # What was kept before is kept by now.
            calls.why()
            own, beside = calls.beside(call)
            found[task] = own + beside
            found[f"{task} added"] = 1000 * (beside - (FREE * own if reuse else 0.0))
        return found

    return measure


SIDES = {OURS: _side(True), "reuse off": _side(False)}
CASES = (XFS, BTRFS, EXT4)
QUICK = (XFS,)
TARGETED = CLONING
ROUNDS = 3
SECONDS = 120
KEEPS = True
