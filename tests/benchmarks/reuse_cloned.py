"""Results put back where the disk clones: a new large MeasurementSet, and flags into one that is there.

The limit is a clone (FICLONE) of each file of that MeasurementSet into a new tree. Where flags are put back, the other
files are linked, which takes no less. The number of files matters here, and not their size.
"""

from __future__ import annotations

from typing import Mapping

from .disks import CLONING, absent
from .figures import LIMIT, OURS, Figure
from .large_calls import clone_all, on_disk, put_back
from .stage import Stage

FIGURES = {
    "new": Figure("a new MeasurementSet put back", 25.0, "ms", target="ours"),
    "flags": Figure("flags of a MeasurementSet put back", 25.0, "ms", target="ours"),
}


def ours(stage: Stage, case: str) -> Mapping[str, float]:
    if absent(case):
        return {}
    new, flags = put_back(on_disk(stage, case, reuse=True), stage.disks.folder(case), 5)
    return {"new": 1000 * new, "flags": 1000 * flags}


def limit(stage: Stage, case: str) -> Mapping[str, float]:
    if absent(case):
        return {}
    folder = stage.disks.folder(case)
    clone = 1000 * clone_all(folder / "large.ms", folder / "clone.ms")
    return {"new": clone, "flags": clone}


SIDES = {OURS: ours, LIMIT: limit}
CASES = CLONING
QUICK = CLONING[:1]
ROUNDS = 3
SECONDS = 40
KEEPS = True
