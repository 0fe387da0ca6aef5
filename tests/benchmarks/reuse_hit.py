"""A call with nothing to do: its large MeasurementSet is unchanged, and its result lies in place.

``listobs`` only reads it; ``hanningsmooth`` has made another one of that size. The limit is a stat of each file of
these, and from cell to cell that and an empty cell. A user who reads a notebook calls a task after a pause, when caches
are cold and Linux does some things anew; the pause lies in the call's cell.
"""

from __future__ import annotations

from typing import Dict, Mapping

from .disks import EXT4
from .figures import LIMIT, OURS, Figure
from .large_calls import NEW, on_disk, stat_all
from .stage import Stage

CALLS = {"look": "listobs('large.ms')", "made": NEW}

FIGURES = {
    "look": Figure("listobs, unchanged input, in the task", 10.0, "ms", target="ours"),
    "look cell": Figure("the same, cell to cell", 30.0, "ms", target="ours"),
    "paused": Figure("listobs after a pause of half a second, in the task", 10.0, "ms", target="ours"),
    "made": Figure("hanningsmooth, result in place, in the task", 10.0, "ms", target="ours"),
    "made cell": Figure("the same, cell to cell", 30.0, "ms", target="ours"),
}
TIMES = 15
PAUSE = "import time; time.sleep(0.5)"


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    calls = on_disk(stage, EXT4, reuse=True)
    found: Dict[str, float] = {}
    for name, call in CALLS.items():
        calls.keep(call)
        times = [calls.reuse(call) for _ in range(TIMES)]
        found[name] = 1000 * min(each.call for each in times)
        found[f"{name} cell"] = 1000 * min(each.cell for each in times)
        if name == "look":
            found["paused"] = 1000 * min(calls.reuse(call, PAUSE).call for _ in range(TIMES))
    return found


def limit(stage: Stage, _: str = "") -> Mapping[str, float]:
    kernel, folder = stage.on_disk(EXT4, reuse=True), stage.disks.folder(EXT4)
    empty = 1000 * min(kernel.run("result = 1") for _ in range(TIMES))
    look, made = 1000 * stat_all(folder / "large.ms"), 1000 * stat_all(folder / "large.ms", folder / "made.ms")
    return {"look": look, "look cell": look + empty, "paused": look, "made": made, "made cell": made + empty}


SIDES = {OURS: ours, LIMIT: limit}
ROUNDS = 3
SECONDS = 15
KEEPS = True
