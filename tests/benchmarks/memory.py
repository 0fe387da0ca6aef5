"""What a notebook weighs that never draws: memory of its own, processes, and native tools."""

from __future__ import annotations

from typing import Mapping

from ..support.living import below
from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "memory": Figure("memory of a kernel after listobs", None, "MB"),
    # One that ends the others, the porter and the way out of the kernel's own network: no tool, and nothing for tools.
    "children": Figure("processes below a kernel after listobs", 3.0, "processes", target="difference"),
}


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        return _weigh(kernel, "listobs('sim.ms')")


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock() as kernel:
        return _weigh(kernel, "from casatasks import *\nlistobs('sim.ms')")


def _weigh(kernel: Kernel, code: str) -> Mapping[str, float]:
    kernel.run(code)
    # What twenty notebooks share, they share: only a process's own pages count.
    return {
        "memory": kernel.process.memory_full_info().uss / 1e6,
        "children": float(len(below(kernel.process.pid))),
    }


SIDES = {OURS: ours, STOCK_CASA: stock}
ROUNDS = 3
SECONDS = 8
