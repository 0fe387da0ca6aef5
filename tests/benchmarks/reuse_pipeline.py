"""A whole reduction, first and again: with reuse, without, and by Recipe's approach (``recipe.py``).

Then one visibility of the observation is changed: the steps that run now are those that noticed it. What lies on the
disk afterwards counts without the observation.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable, Mapping, Tuple

from ..support.reduction import steps
from .disks import EXT4, XFS, absent, used
from .figures import OURS, Figure
from .large_calls import Calls
from .stage import UNLIMITED, Kernel, Stage

RECIPE, OFF = "Recipe's approach", "reuse off"
# The folder of recipe.py.
CACHE = "recipe"
FIGURES = {
    "first": Figure("first reduction"),
    "again": Figure("the same again", 0.02),
    "disk": Figure("disk used by both", None, "MB"),
    "noticed": Figure("steps that a changed visibility makes run", None, "steps", more=True),
}
CHANGE = "tb.open('large.ms', nomodify=False); tb.putcell('DATA', 0, tb.getcell('DATA', 0) * 100); tb.close()"

# What runs the reduction once: the seconds that it took, and how many steps ran.
Run = Callable[[Kernel, Path], Tuple[float, int]]


def _ours(kernel: Kernel, folder: Path) -> Tuple[float, int]:
    calls, seconds, ran = Calls(kernel, folder), 0.0, 0
    for step in steps("large.ms"):
        if step.startswith("tclean"):
            # It goes on with images that are there.
            _remove(folder, "clean.*")
        seconds += kernel.run(f"result = {step}", timeout=900)
        ran += "did not run" not in calls.why()
    return seconds, ran


def _off(kernel: Kernel, folder: Path) -> Tuple[float, int]:
    _clear(folder, "large.ms", "*.log")
    calls = steps("large.ms")
    return sum(kernel.run(f"result = {step}", timeout=900) for step in calls), len(calls)


def _recipe(kernel: Kernel, _: Path) -> Tuple[float, int]:
    seconds = kernel.run("ran = 0; result = reduction('large.ms', 20)", timeout=900)
    # The statistics of an image are no file.
    return seconds, int(kernel.text("print(ran)")) + 1


def _measure(run: Run, reuse: bool, start: str) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, case: str) -> Mapping[str, float]:
        if absent(case):
            return {}
        kernel, folder = stage.on_disk(case, reuse), stage.disks.folder(case)
        _clear(folder, "large.ms", "*.log")
        before = used(folder)
        kernel.run(start)
        first, _ = run(kernel, folder)
        again, _ = run(kernel, folder)
        disk = used(folder) - before
        kernel.run(CHANGE)
        # CASA would not write over the former results.
        _clear(folder, "large.ms", "*.log", ".casa-reuse", CACHE)
        _, noticed = run(kernel, folder)
        return {"first": first, "again": again, "disk": disk / 1e6, "noticed": float(noticed)}

    return measure


def _clear(folder: Path, *kept: str) -> None:
    """Remove all that fits none of some patterns."""
    for path in folder.iterdir():
        if not any(path.match(each) for each in kept):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        shutil.rmtree(path)


SIDES = {
    OURS: _measure(_ours, True, UNLIMITED),
    OFF: _measure(_off, False, ""),
    RECIPE: _measure(_recipe, False, Path(__file__).with_name("recipe.py").read_text(encoding="utf-8")),
}
CASES = (XFS, EXT4)
QUICK = (XFS,)
ROUNDS = 3
SECONDS = 240
KEEPS = True
