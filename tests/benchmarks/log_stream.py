"""What the log costs that is shown under a cell while it runs, for 1,000 and 100,000 messages.

Stock CASA writes its messages into a file only, and is what no log under the cell costs.
"""

from __future__ import annotations

import statistics
from typing import Mapping

from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "one": Figure("a cell with one message", None, "ms", target="difference"),
    "thousand": Figure("a cell with 1,000 messages", None, "ms"),
    "many": Figure("a cell with 100,000 messages"),
}
ROUNDS = 3
SECONDS = 16


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        return _times(kernel, stage)


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock() as kernel:
        kernel.run("from casatasks import *")
        return _times(kernel, stage)


def _times(kernel: Kernel, stage: Stage) -> Mapping[str, float]:
    kernel.run("casalog.post('the first')")
    one = statistics.median(kernel.run("casalog.post('one')") for _ in range(20))
    thousand = statistics.median(kernel.run(_cell(1000)) for _ in range(5))
    many = kernel.run(_cell(10_000 if stage.quick else 100_000), timeout=300)
    return {"one": 1000 * one, "thousand": 1000 * thousand, "many": many * (10 if stage.quick else 1)}


def _cell(messages: int) -> str:
    return f"for number in range({messages}): casalog.post('one of many')"


SIDES = {OURS: ours, STOCK_CASA: stock}
