"""Calls of tasks on a large MeasurementSet, in a kernel of ours that works on a disk of some kind.

What takes milliseconds is done several times in a row, and the least counts, on all sides: what else the machine does
meanwhile only adds to it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence, Tuple

from .stage import Kernel, Stage

MADE = "made.ms"
NEW = f"hanningsmooth('large.ms', '{MADE}', datacolumn='data')"
FLAGS = f"flagdata('{MADE}', antenna='2')"
SOLVE = f"gaincal('{MADE}', 'made.G', refant='0', minsnr=0, solint='600s')"
# What a physical limit is told of: no program does better on this disk.
_FICLONE = 0x40049409
_END = re.compile(r"Task (\w+) complete\. Start time: (\S+ \S+) End time: (\S+ \S+)")
# In the kernel, so that nothing of the notebook counts.
_CELL = "import time as _time; _begun = _time.perf_counter(); result = {}; _taken = _time.perf_counter() - _begun"


class Times(NamedTuple):
    """What a call took, in seconds: by itself, and from cell to cell."""

    call: float
    cell: float


class Calls:
    """The calls of a kernel.

    Args:
        kernel: it works in ``folder``.
        folder: with ``large.ms``.
    """

    def __init__(self, kernel: Kernel, folder: Path) -> None:
        self._kernel, self._folder = kernel, folder

    def keep(self, call: str) -> None:
        """Have the result of a call kept, and in place.

        Raises:
            RuntimeError: it could not be kept.
        """
        self.time(call)
        why = self.why()
        if "not kept" in why:
            raise RuntimeError(f"{call}: {why}")

    def forget(self) -> None:
        """Forget all results of the tasks that are called here."""
        for call in (NEW, FLAGS, SOLVE):
            self._kernel.run(f"%casa_reuse forget {call.partition('(')[0]}")

    def reuse(self, call: str, before: str = "pass") -> Times:
        """Make a call whose result is kept, after another statement, which does not count for the call itself.

        Raises:
            RuntimeError: it ran.
        """
        times = self.time(call, before)
        why = self.why()
        if "did not run" not in why:
            raise RuntimeError(f"{call} was not to run: {why}")
        return times

    def why(self) -> str:
        """Return what the kernel tells of the last call."""
        return self._kernel.text("%casa_reuse why")

    def time(self, call: str, before: str = "pass") -> Times:
        """Make a call, whether it runs or not, after another statement."""
        cell = self._kernel.run(f"{before}; {_CELL.format(call)}", timeout=600)
        return Times(float(self._kernel.text("print(_taken)")), cell)

    def flag_files(self) -> List[str]:
        """Return the files of the column of flags."""
        number = self._kernel.text(
            "tb.open('large.ms'); print(next(each['SEQNR'] for each in tb.getdminfo().values() if 'FLAG' in "
            "each['COLUMNS'])); tb.close()"
        ).split()[0]
        return [str(path) for path in self._folder.glob(f"large.ms/table.f{number}*")]

    def beside(self, call: str) -> Tuple[float, float]:
        """Make a call; return how long CASA's own work took by its log, and what came on top of that, in seconds."""
        taken = self.time(call).call
        log = max(self._folder.glob("casa-*.log"), key=lambda path: path.stat().st_mtime).read_text(errors="replace")
        _, start, end = _END.findall(log)[-1]
        own = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
        return own, taken - own


def on_disk(stage: Stage, kind: str, reuse: bool) -> Calls:
    """Return the calls of a kernel on a disk of a kind, with reuse on or off."""
    return Calls(stage.on_disk(kind, reuse), stage.disks.folder(kind))


def remove(*paths: Path) -> None:
    """Remove MeasurementSets, with the versions of their flags."""
    for path in paths:
        for each in (path, path.with_name(f"{path.name}.flagversions")):
            shutil.rmtree(each, ignore_errors=True)


def files(path: Path) -> List[str]:
    """Return the files of a tree."""
    return [os.path.join(top, name) for top, _, names in os.walk(path) for name in names]


def stat_all(*paths: Path) -> float:
    """Return the seconds that a look at each file of some trees takes, the least of many."""
    return least_of(21, lambda: [os.lstat(each) for path in paths for each in files(path)])


def clone_all(path: Path, target: Path) -> float:
    """Return the seconds that a clone of each file of a tree takes, the least of many.

    Raises:
        OSError: the disk cannot clone.
    """

    def clone() -> None:
        for top, _, names in os.walk(path):
            into = target / os.path.relpath(top, path)
            into.mkdir()
            for name in names:
                with open(f"{top}/{name}", "rb") as source, open(into / name, "wb") as made:
                    fcntl.ioctl(made, _FICLONE, source.fileno())

    return least_of(11, clone, lambda: shutil.rmtree(target))


def copy(paths: Sequence[str], target: Path, rounds: int) -> float:
    """Return the seconds that ``cp -a`` of files and trees into a new folder takes, the least of some."""
    target.mkdir()
    try:
        argv = ["cp", "-a", *paths, str(target)]
        return least_of(rounds, lambda: subprocess.run(argv, check=True), lambda: _empty(target))
    finally:
        target.rmdir()


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def put_back(calls: Calls, folder: Path, rounds: int) -> Tuple[float, float]:
    """Return the seconds in which a new MeasurementSet, and then flags in it, are put back, the least of some."""
    made, new, flags = folder / MADE, [], []
    remove(made)
    calls.keep(NEW)
    calls.keep(FLAGS)
    for _ in range(rounds):
        remove(made)
        new.append(calls.reuse(NEW).call)
        flags.append(calls.reuse(FLAGS).call)
    remove(made)
    return min(new), min(flags)


def least_of(rounds: int, work: Callable[[], object], undo: Callable[[], object] = lambda: None) -> float:
    """Return the least of the seconds that some work takes, which is undone each time."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
        undo()
    return min(taken)
