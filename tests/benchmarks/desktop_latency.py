"""From a press of the mouse on the desktop to another pixel in the canvas, near and far.

A program on the desktop turns a square from black to white, or back, when it is pressed. The page's own script sends
the DOM event to the canvas, takes the time, and looks at one pixel of the square whenever something is drawn. Presses
are 40 to 100 ms apart, at random, so as not to keep step with anybody's frames.
"""

from __future__ import annotations

import statistics
from typing import Any, Dict, Mapping

from . import xprogram
from .desks import Desk, on_both
from .harness import Figure
from .link import Shape

PEER = "jupyter-remote-desktop-proxy"
ROUND_TRIP = 0.05

FIGURES = {
    "p50": Figure("click to pixel, median", 0.7, "ms"),
    "p95": Figure("click to pixel, 95th percentile", 20, "ms", target="ours"),
    "p99": Figure("click to pixel, 99th percentile", None, "ms"),
    "far_p50": Figure("with a round trip of 50 ms, median", 65, "ms", target="ours"),
    "far_p95": Figure("with a round trip of 50 ms, 95th percentile", None, "ms"),
}


def _measure(desk: Desk) -> Mapping[str, float]:
    with desk.page() as page, desk.program("button"):
        near = percentiles(clicks(page, 200))
    with desk.page(Shape(ROUND_TRIP)) as page, desk.program("button"):
        far = percentiles(clicks(page, 100))
    return {**near, **{f"far_{key}": value for key, value in far.items()}}


def clicks(page: Any, number: int, most: float = 5000.0) -> Any:
    """Press the button ``number`` times; return the milliseconds to each change of its pixel."""
    x, y, side = xprogram.BUTTON
    page.evaluate("place => bench.clicks(5, ...place)", [x + side // 2, y + side // 2, most])
    return page.evaluate(
        "([number, ...place]) => bench.clicks(number, ...place)", [number, x + side // 2, y + side // 2, most]
    )


def percentiles(times: Any) -> Dict[str, float]:
    """Return the median, the 95th and the 99th percentile."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


ours, peer = on_both(_measure)
