"""Click to pixel while a film of 600 x 600 pixels plays beside, over a round trip of 50 ms and 5 Mbit/s.

The film fills the link and the queue in front of it. What adapts to that has ten seconds for it; then the button beside
the film is pressed forty times.
"""

from __future__ import annotations

from typing import Callable, Mapping

from . import scenes, sides
from .desktop_latency import clicks
from .figures import OURS, Figure
from .links import LINKS, NARROW
from .spread import percentiles
from .stage import Stage

FIGURES = {
    "p50": Figure("click to pixel beside a film, median", None, "ms"),
    "p95": Figure("click to pixel beside a film, 95th percentile", 250, "ms", target="ours"),
}
ROUNDS = 2
KEEPS = True
SECONDS = 70
SETTLE = 10.0
# A press that shows nothing for so long, in milliseconds, is taken for one that took as long.
MOST = 3000.0


def _side(name: str) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, _: str) -> Mapping[str, float]:
        if sides.KINDS[name].lack():
            return {}
        desk = stage.desk(name, sides.KINDS[name])
        with desk.page(LINKS[NARROW]) as page, desk.program("button"), scenes.on(desk, stage, scenes.FILM).moving():
            page.wait_for_timeout(1000 * SETTLE)
            times = percentiles(clicks(page, 20 if stage.quick else 40, MOST))
        return {key: times[key] for key in FIGURES}

    return measure


SIDES = {name: _side(name) for name in sides.present(OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY, sides.XPRA)}
