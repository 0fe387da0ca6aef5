"""Results put back where the disk cannot clone: a new large MeasurementSet, and flags into one that is there.

The peer of both is ``cp -a``: of the whole MeasurementSet, and of the column of flags.
"""

from __future__ import annotations

from typing import Mapping

from .disks import EXT4
from .figures import OURS, Figure
from .large_calls import copy, on_disk, put_back
from .stage import Stage

FIGURES = {
    "new": Figure("a new MeasurementSet put back on ext4", 1.2),
    "flags": Figure("flags of a MeasurementSet put back on ext4", 50.0, "ms", target="ours"),
}


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    new, flags = put_back(on_disk(stage, EXT4, reuse=True), stage.disks.folder(EXT4), 3)
    return {"new": new, "flags": 1000 * flags}


def cp(stage: Stage, _: str = "") -> Mapping[str, float]:
    calls, folder = on_disk(stage, EXT4, reuse=True), stage.disks.folder(EXT4)
    return {
        "new": copy([str(folder / "large.ms")], folder / "copy", 3),
        "flags": 1000 * copy(calls.flag_files(), folder / "copy", 11),
    }


SIDES = {OURS: ours, "cp -a": cp}
ROUNDS = 3
SECONDS = 40
KEEPS = True
