"""``imview`` without a window, from the sending of the cell to the picture in it.

All imports are done before, on both sides; the tool is not started. Our picture has 543 x 537 pixels, stock's 473 x 488
unless it is told to scale it; a figure compares pictures of about one size, too.
"""

from __future__ import annotations

import statistics
from typing import Mapping

from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "first": Figure("first headless imview", 0.12),
    "later": Figure("later headless imview", 1.0),
    "large": Figure("later headless imview, stock's as large as ours"),
}
NEEDS_TOOLS = True


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("imview")
        call = "imview('dirty.image', gui=False)"
        first = kernel.run(call)
        later = _median(kernel, call)
        return {"first": first, "later": later, "large": later}


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    with stage.stock(stage.desktop("stock")) as kernel:
        kernel.run("from casaviewer import imview\nfrom IPython.display import Image\nfrom itertools import count")
        kernel.run("names = map('imview-{}.png'.format, count())")
        call = "name = next(names)\nimview(raster='dirty.image', out=name)\nImage(name)"
        large = call.replace("out=name", "out={'file': name, 'format': 'png', 'scale': 1.6}")
        return {"first": kernel.run(call), "later": _median(kernel, call), "large": _median(kernel, large)}


def _median(kernel: Kernel, code: str) -> float:
    return statistics.median(kernel.run(code) for _ in range(5))


SIDES = {OURS: ours, STOCK_CASA: stock}
ROUNDS = 3
SECONDS = 20
