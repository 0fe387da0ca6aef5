"""``plotms`` without a window, from the sending of the cell to the picture in it.

All imports are done before, on both sides; the tool is not started.
"""

from __future__ import annotations

import statistics
from typing import Mapping

from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {"first": Figure("first headless plotms", 0.55), "later": Figure("later headless plotms", 1.05)}
NEEDS_TOOLS = True


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("plotms")
        return _times(kernel, "plotms('sim.ms', gui=False)")


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock(stage.desktop("stock")) as kernel:
        kernel.run("from casaplotms import plotms\nfrom IPython.display import Image")
        call = "plotms('sim.ms', plotfile='stock.png', expformat='png', showgui=False, overwrite=True)"
        return _times(kernel, f"{call}\nImage('stock.png')")


def _times(kernel: Kernel, code: str) -> Mapping[str, float]:
    first = kernel.run(code)
    return {"first": first, "later": statistics.median(kernel.run(code) for _ in range(4))}


SIDES = {OURS: ours, STOCK_CASA: stock}
ROUNDS = 3
SECONDS = 18
