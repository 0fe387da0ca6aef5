"""From the start of the kernel's process to the result of the first ``listobs``."""

from __future__ import annotations

from typing import Mapping

from .figures import OURS, Figure
from .stage import STOCK_CASA, Stage

FIGURES = {"first": Figure("kernel start to first listobs", 1.0)}


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("listobs('sim.ms')")
        return {"first": kernel.seconds}


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock() as kernel:
        kernel.run("from casatasks import *\nlistobs('sim.ms')")
        return {"first": kernel.seconds}


SIDES = {OURS: ours, STOCK_CASA: stock}
ROUNDS = 3
SECONDS = 8
