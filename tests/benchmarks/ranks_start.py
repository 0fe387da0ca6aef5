"""The start of a kernel over MPI, with four ranks, beside that of a kernel of one process."""

from __future__ import annotations

from typing import Mapping

from ..support.ranks import program
from .figures import OURS, Figure
from .stage import Stage

RANKS = 4
# What mpirun and the meeting of the ranks may take in any case, in seconds.
ALLOWED = 2.0
FIGURES = {
    "first": Figure("kernel start to first listobs, over MPI less 2 s", 1.3),
    "whole": Figure("kernel start to first listobs"),
}


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours_by(program(RANKS)) as kernel:
        kernel.run("listobs('sim.ms')")
        return {"first": kernel.seconds - ALLOWED, "whole": kernel.seconds}


def one(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("listobs('sim.ms')")
        return {"first": kernel.seconds, "whole": kernel.seconds}


SIDES = {OURS: ours, "one process": one}
ROUNDS = 5
SECONDS = 14
