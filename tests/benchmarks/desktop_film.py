"""A film of 600 x 600 pixels at 60 frames per second over a round trip of 50 ms and 5 Mbit/s, and a press meanwhile.

The film is that of ``xprogram``: radio images of moving sources. Its frames that reach the canvas are counted by the
number that each bears, so that one which is drawn twice, or in parts, counts once. What adapts to the link has ten
seconds for it, and then another ten are counted; after that the button beside the film is pressed.
"""

from __future__ import annotations

from typing import Mapping

from . import xprogram
from .desks import Desk, on_both
from .desktop_latency import ROUND_TRIP, clicks, percentiles
from .harness import Figure
from .link import Shape

PEER = "jupyter-remote-desktop-proxy"
RATE = 5e6 / 8
SECONDS = 10
# A press that shows nothing for so long, in milliseconds, is taken for one that took as long.
MOST = 3000.0

FIGURES = {
    "rate": Figure("film over 50 ms and 5 Mbit/s", 3.0, "frames/s", least=True),
    "p50": Figure("click to pixel meanwhile, median", None, "ms"),
    "p95": Figure("click to pixel meanwhile, 95th percentile", 250, "ms", target="ours"),
}


def _measure(desk: Desk) -> Mapping[str, float]:
    x, y, _ = xprogram.FILM
    with desk.page(Shape(ROUND_TRIP, RATE)) as page, desk.program("film"), desk.program("button"):
        page.evaluate("squares => bench.film(...squares)", [x, y, xprogram.SIDE, xprogram.SQUARES])
        page.wait_for_timeout(1000 * SECONDS)
        page.evaluate("bench.framesPerSecond()")
        page.wait_for_timeout(1000 * SECONDS)
        rate = page.evaluate("bench.framesPerSecond()")
        times = percentiles(clicks(page, 40, MOST))
    return {"rate": rate, "p50": times["p50"], "p95": times["p95"]}


ours, peer = on_both(_measure)
