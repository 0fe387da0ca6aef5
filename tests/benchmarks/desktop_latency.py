"""From a press of the mouse on the desktop to another pixel in the canvas, over six links.

A program on the desktop turns a square from black to white, or back, when it is pressed. The page's own script sends
the DOM event to the canvas, takes the time, and looks at one pixel of the square whenever something is drawn. Presses
are 40 to 100 ms apart, at random, so as not to keep step with anybody's frames. Without delay and limit there is no
link between the browser and the server. The floor sends the press into Xvnc's own socket and reads raw pixels from it.
"""

from __future__ import annotations

import random
import time
from typing import Any, Dict, List, Mapping

from . import sides, xprogram
from .desks import Desk
from .figures import FLOOR, OURS, Figure
from .links import LINKS, NARROW, NEAR
from .rfb import Client
from .spread import percentiles
from .stage import Stage

FIGURES = {
    "p50": Figure("click to pixel, median", 0.7, "ms"),
    "p95": Figure("click to pixel, 95th percentile", None, "ms"),
    "p99": Figure("click to pixel, 99th percentile", None, "ms"),
}
CASES = tuple(LINKS)
QUICK = (NEAR, NARROW)
# Through a link all sides wait for it, and the target is about what they add.
TARGETED = (NEAR,)
ROUNDS = 2
KEEPS = True
SECONDS = 170
# A press that shows nothing for so long, in milliseconds, is taken for one that took as long.
MOST = 5000.0


def _measure(desk: Desk, case: str) -> Mapping[str, float]:
    with desk.page(None if case == NEAR else LINKS[case]) as page, desk.program("button"):
        return percentiles(clicks(page, 100 if case == NEAR else 30, MOST))


def clicks(page: Any, number: int, most: float) -> List[float]:
    """Press the button ``number`` times; return the milliseconds to each change of its pixel."""
    x, y, side = xprogram.BUTTON
    place = [x + side // 2, y + side // 2, most]
    page.evaluate("place => bench.clicks(5, ...place)", place)
    found: List[float] = page.evaluate("([number, ...place]) => bench.clicks(number, ...place)", [number, *place])
    return found


def _floor(stage: Stage, case: str) -> Mapping[str, float]:
    if case != NEAR:
        return {}
    desk = stage.desk(FLOOR, sides.Bare)
    assert isinstance(desk, sides.Bare)
    with desk.program("button"), Client(desk.record()["rfb_socket"]) as client:
        client.update()
        return percentiles([_press(client) for _ in range(105)][5:])


def _press(client: Client) -> float:
    x, y, side = xprogram.BUTTON
    at = (y + side // 2, x + side // 2)
    time.sleep(0.04 + 0.06 * random.random())
    before, begun = client.picture[at], time.perf_counter()
    client.press(at[1], at[0])
    while client.picture[at] == before:
        client.update()
    return 1000 * (time.perf_counter() - begun)


SIDES: Dict[str, sides.Side] = {
    **sides.on([OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY, sides.XPRA], _measure),
    FLOOR: _floor,
}
