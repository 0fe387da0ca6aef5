"""What our wrapper and the streaming of the log add to a task: a cell with one call, and a call among many in a cell.

``imhead`` is short, and writes some lines into the log.
"""

from __future__ import annotations

import statistics
from typing import Mapping

from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "cell": Figure("a cell with a short task", 5.0, "ms", target="difference"),
    "call": Figure("a short task among many in a cell", 5.0, "ms", target="difference"),
    "empty": Figure("a cell without a task", None, "ms", target="difference"),
}

CALL = "imhead('dirty.image', mode='get', hdkey='shape')"
MANY = f"""
import time as _time
_times = []
for _ in range(100):
    _begun = _time.perf_counter()
    {CALL}
    _times.append(_time.perf_counter() - _begun)
"""
TELL = "open('overhead.txt', 'w').write(str(sorted(_times)[50]))"


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        return _times(kernel, stage)


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock() as kernel:
        kernel.run("from casatasks import *")
        return _times(kernel, stage)


def _times(kernel: Kernel, stage: Stage) -> Mapping[str, float]:
    kernel.run(CALL)
    cell = 1000 * statistics.median(kernel.run(f"result = {CALL}") for _ in range(20))
    empty = 1000 * statistics.median(kernel.run("result = 1") for _ in range(20))
    kernel.run(MANY)
    kernel.run(TELL)
    return {"cell": cell, "empty": empty, "call": 1000 * float((stage.folder / "overhead.txt").read_text())}


SIDES = {OURS: ours, STOCK_CASA: stock}
ROUNDS = 3
SECONDS = 12
