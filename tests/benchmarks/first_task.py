"""From the start of the kernel's process to the result of the first ``listobs``."""

from __future__ import annotations

from typing import Mapping

from .harness import Figure
from .stage import Stage

PEER = "stock CASA"
FIGURES = {"first": Figure("kernel start to first listobs", 1.0)}


def ours(stage: Stage) -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("listobs('sim.ms')")
        return {"first": kernel.seconds}


def peer(stage: Stage) -> Mapping[str, float]:
    with stage.stock() as kernel:
        kernel.run("from casatasks import *\nlistobs('sim.ms')")
        return {"first": kernel.seconds}
