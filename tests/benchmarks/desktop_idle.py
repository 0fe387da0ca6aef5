"""What a desktop weighs on which nothing happens, with a page open on it for 15 seconds.

All processes count that are there because of the desktop; the Jupyter server is there anyhow, and websockify counts as
part of it. Xpra's one server is the desktop's alone, and counts with it. ``resident`` adds their
resident sets up, and so counts what they share as often as they share it; ``proportional`` counts it once.
"""

from __future__ import annotations

from typing import Mapping

from . import sides
from .desks import Desk, seconds_of
from .figures import OURS, Figure

WATCHED = 15
ROUNDS = 1
SECONDS = 100

FIGURES = {
    "resident": Figure("resident memory of an idle desktop", 130, "MB", target="ours"),
    "proportional": Figure("memory of an idle desktop, shared pages counted once", None, "MB"),
    "processor": Figure("processor of an idle desktop", 1.0, "% of a core", target="ours"),
    "server": Figure("processor of the Jupyter server, and websockify, meanwhile", None, "% of a core"),
}


def _measure(desk: Desk, _: str) -> Mapping[str, float]:
    with desk.page() as page:
        # Until what the start set off has settled.
        page.wait_for_timeout(5000)
        server = desk.serving()
        desktop = [each for each in desk.processes() if each not in server]
        before = seconds_of(desktop), seconds_of(server)
        page.wait_for_timeout(1000 * WATCHED)
        after = seconds_of(desktop), seconds_of(server)
        memory = [each.memory_full_info() for each in desktop]
    return {
        "resident": sum(each.rss for each in memory) / 1e6,
        "proportional": sum(each.pss for each in memory) / 1e6,
        "processor": 100 * (after[0] - before[0]) / WATCHED,
        "server": 100 * (after[1] - before[1]) / WATCHED,
    }


SIDES = sides.on([OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY, sides.XPRA], _measure)
