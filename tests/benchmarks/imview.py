"""``imview`` without a window, from the sending of the cell to the picture in it.

All imports are done before, on both sides; the tool is not started.
"""

from __future__ import annotations

import statistics
from typing import Mapping

from .harness import Figure
from .stage import Kernel, Stage

FIGURES = {"first": Figure("first headless imview", 0.12), "later": Figure("later ones", 1.0)}
NEEDS_TOOLS = True


def ours(stage: Stage) -> Mapping[str, float]:
    with stage.ours() as kernel:
        kernel.run("imview")
        return _times(kernel, "imview('dirty.image', gui=False)")


def stock(stage: Stage) -> Mapping[str, float]:
    with stage.stock(stage.desktop("stock")) as kernel:
        kernel.run("from casaviewer import imview\nfrom IPython.display import Image\nfrom itertools import count")
        kernel.run("names = map('imview-{}.png'.format, count())")
        return _times(kernel, "name = next(names)\nimview(raster='dirty.image', out=name)\nImage(name)")


def _times(kernel: Kernel, code: str) -> Mapping[str, float]:
    first = kernel.run(code)
    return {"first": first, "later": statistics.median(kernel.run(code) for _ in range(4))}
