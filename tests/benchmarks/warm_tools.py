"""What CASA's native tools weigh that have drawn a picture each and wait for the next: proportional set sizes.

The processes below the kernel count, which are the tools and what started them.
"""

from __future__ import annotations

from typing import Mapping

from ..support.living import below, proportional
from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "viewer": Figure("memory of a warm casaviewer", None, "MB"),
    "both": Figure("memory of a warm casaviewer and plotms", None, "MB"),
    "processes": Figure("number of these processes", None, "processes", target="difference"),
}
NEEDS_TOOLS = True
ROUNDS = 3
SECONDS = 20


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        return _weigh(kernel, "imview('dirty.image', gui=False)", "plotms('sim.ms', gui=False)")


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock(stage.desktop("stock")) as kernel:
        kernel.run("from casaviewer import imview\nfrom casaplotms import plotms")
        return _weigh(
            kernel,
            "imview(raster='dirty.image', out='warm.png')",
            "plotms('sim.ms', plotfile='warm-plot.png', expformat='png', showgui=False, overwrite=True)",
        )


def _weigh(kernel: Kernel, image: str, plot: str) -> Mapping[str, float]:
    kernel.run(image)
    viewer = _below(kernel)
    kernel.run(plot)
    return {"viewer": viewer, "both": _below(kernel), "processes": float(len(below(kernel.process.pid)))}


def _below(kernel: Kernel) -> float:
    return proportional(below(kernel.process.pid)) / 1e6


SIDES = {OURS: ours, STOCK_CASA: stock}
