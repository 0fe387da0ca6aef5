"""What a desktop weighs on which nothing happens, with a page open on it for half a minute.

All processes count that are there because of the desktop; the Jupyter server is there anyhow. ``resident`` adds their
resident sets up, and so counts what they share as often as they share it; ``proportional`` counts it once.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .desks import Desk, on_both
from .harness import Figure

PEER = "jupyter-remote-desktop-proxy"
SECONDS = 30

FIGURES = {
    "resident": Figure("resident memory of an idle desktop", 130, "MB", target="ours"),
    "proportional": Figure("the same, shared pages counted once", None, "MB"),
    "processor": Figure("processor of an idle desktop", 1.0, "% of a core", target="ours"),
    "server": Figure("processor of the Jupyter server meanwhile", None, "% of a core"),
}


def _measure(desk: Desk) -> Mapping[str, float]:
    with desk.page() as page:
        # Until what the start set off has settled.
        page.wait_for_timeout(5000)
        desktop, server = desk.processes(), [desk.server()]
        before = _seconds(desktop), _seconds(server)
        page.wait_for_timeout(1000 * SECONDS)
        after = _seconds(desktop), _seconds(server)
        memory = [each.memory_full_info() for each in desktop]
    return {
        "resident": sum(each.rss for each in memory) / 1e6,
        "proportional": sum(each.pss for each in memory) / 1e6,
        "processor": 100 * (after[0] - before[0]) / SECONDS,
        "server": 100 * (after[1] - before[1]) / SECONDS,
    }


def _seconds(processes: Sequence[Any]) -> float:
    times = [each.cpu_times() for each in processes]
    return sum(each.user + each.system for each in times)


ours, peer = on_both(_measure)
