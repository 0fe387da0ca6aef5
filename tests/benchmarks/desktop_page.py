"""From the address of the desktop's page, as a bookmark or a cell's link has it, to the first drawn frame.

The browser is logged in and shows nothing else. Cold: the server has never been asked for a desktop, nothing of which
runs, and the browser has none of its files. Warm: the desktop runs, and the browser has them. The time begins when the
browser is told the address, in a window that has been there for a while: what Chromium does for a new one takes both
processors for a tenth of a second, more from the side that uses both at that time. A frame counts as drawn as in
``desktop_start``.
"""

from __future__ import annotations

import time
from typing import Any, Mapping

from . import sides
from .desks import Desk, wait_until_at_rest, wait_until_drawn
from .figures import OURS, Figure

FIGURES = {
    "cold": Figure("address to first drawn frame, cold", 0.7),
    "warm": Figure("address to first drawn frame, warm", 0.8),
}
ROUNDS = 4
SECONDS = 25


def _measure(desk: Desk, _: str) -> Mapping[str, float]:
    assert isinstance(desk, sides.InJupyter)
    with desk.context() as context:
        page = context.new_page()
        page.goto(f"{desk.jupyter.url}api/status?token={desk.jupyter.token}")
        page.close()
        return sides.cold_and_warm(desk, lambda: _start(desk, context))


def _start(desk: sides.InJupyter, context: Any) -> float:
    page = context.new_page()
    wait_until_at_rest()
    begun = time.time()
    page.goto(f"{desk.jupyter.url}{desk.page_path}", wait_until="commit")
    wait_until_drawn(page)
    seconds = float(page.evaluate("bench.times.drawn")) / 1000 - begun
    page.close()
    return seconds


SIDES = sides.on([OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY], _measure)
