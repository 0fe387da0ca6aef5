"""The start of a kernel with reuse on and with reuse off: until it answers, and until its first task is done."""

from __future__ import annotations

from typing import Callable, Mapping

from .figures import OURS, Figure
from .stage import Stage

FIGURES = {
    "ready": Figure("kernel start to its first answer", 10.0, "ms", target="difference"),
    "first": Figure("kernel start to the first listobs, which runs", None, "ms"),
}


def _side(reuse: str) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, _: str) -> Mapping[str, float]:
        with stage.ours(CASA_DESKTOP_REUSE=reuse) as kernel:
            ready = kernel.seconds
            kernel.run("listobs('sim.ms')")
            first = kernel.seconds
            kernel.run("%casa_reuse forget listobs")
        return {"ready": 1000 * ready, "first": 1000 * first}

    return measure


SIDES = {OURS: _side("on"), "reuse off": _side("off")}
ROUNDS = 9
SECONDS = 8
