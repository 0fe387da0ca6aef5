"""From the click on JupyterLab's launcher card to the first drawn frame of the desktop.

Cold: the server has just started, nothing of the desktop runs, and the browser has none of its files. Warm: the desktop
runs, JupyterLab has been loaded anew, and the browser has its files from before. Ours opens as a tab of JupyterLab,
the peer's in a tab of the browser, as both do by default. A frame counts as drawn when the window manager's task bar
is on the canvas; it is the same window manager. Xpra has no place in the launcher, and is
left out.
"""

from __future__ import annotations

from typing import Any, Mapping

from . import sides
from .desks import Desk, wait_until_drawn
from .figures import OURS, Figure

FIGURES = {
    "cold": Figure("launcher click to first drawn frame, cold", 0.6),
    "warm": Figure("launcher click to first drawn frame, warm", 0.8),
}


ROUNDS = 4
SECONDS = 30


def _measure(desk: Desk, _: str) -> Mapping[str, float]:
    assert isinstance(desk, sides.InJupyter)
    with desk.context() as context:
        return sides.cold_and_warm(desk, lambda: _start(desk, context))


def _start(desk: sides.InJupyter, context: Any) -> float:
    lab = context.new_page()
    lab.goto(f"{desk.jupyter.url}lab?reset&token={desk.jupyter.token}")
    lab.wait_for_selector("#jupyterlab-splash", state="detached")
    card = lab.locator(".jp-LauncherCard", has=lab.get_by_text(desk.card, exact=True))
    card.wait_for()
    # JupyterLab goes on loading for a while after it is there, on both sides.
    lab.wait_for_load_state("networkidle")
    shown = lab
    if desk.own_tab:
        with context.expect_page() as opened:
            card.click()
        shown = opened.value
    else:
        card.click()
    wait_until_drawn(shown)
    seconds = (shown.evaluate("bench.times.drawn") - lab.evaluate("bench.times.clicked")) / 1000
    for page in {lab, shown}:
        page.close()
    return float(seconds)


SIDES = sides.on([OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY], _measure)
