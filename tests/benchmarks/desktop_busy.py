"""Click to pixel while a film of 600 x 600 pixels plays beside, over a round trip of 50 ms and 5 Mbit/s.

The film fills the link and the queue in front of it. What adapts to that has ten seconds for it; then the button beside
the film is pressed forty times. Likewise beside noise of 800 x 800 pixels, over three links, on a larger desktop of
those sides that take the page's size.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Callable, Mapping

from . import scenes, sides
from .desks import VIEWPORT
from .desktop_latency import clicks
from .figures import OURS, Figure
from .links import LINKS, MIDDLING, NARROW, NEAR
from .spread import percentiles
from .stage import Stage

FIGURES = {
    "p50": Figure("click to pixel beside a film, median", None, "ms"),
    "p95": Figure("click to pixel beside a film, 95th percentile", 250, "ms", target="ours"),
}
CASES = ("", *(f"{scenes.NOISE}, {link}" for link in (NEAR, MIDDLING, NARROW)))
QUICK = TARGETED = ("",)
ROUNDS = 2
KEEPS = True
SECONDS = 210
SETTLE = 10.0
# A press that shows nothing for so long, in milliseconds, is taken for one that took as long.
MOST = 3000.0


def _side(name: str) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, case: str) -> Mapping[str, float]:
        scene, _, link = case.partition(", ") if case else (scenes.FILM, "", NARROW)
        viewport = scenes.VIEWPORTS.get(scene, VIEWPORT)
        if not sides.can_show(name, viewport):
            return {}
        desk = stage.desk(name, sides.KINDS[name])
        with ExitStack() as exits:
            page = exits.enter_context(desk.page(LINKS[link], viewport))
            exits.enter_context(desk.program("button"))
            exits.enter_context(scenes.on(desk, stage, scene).moving())
            page.wait_for_timeout(1000 * SETTLE)
            times = percentiles(clicks(page, 20 if stage.quick else 40, MOST))
        return {key: times[key] for key in FIGURES}

    return measure


SIDES = {name: _side(name) for name in sides.present(OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY, sides.XPRA)}
