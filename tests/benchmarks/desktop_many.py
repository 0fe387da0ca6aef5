"""What one, five, ten and twenty desktops cost on one machine, with a page open on each, and whether it is linear.

casa-desktop has all of them behind one Jupyter server; jupyter-remote-desktop-proxy has one desktop for a server, and
so a server for each. The desktops are started one after the other, each by its own page, from its address to its first
drawn frame; then all are idle for six seconds. ``linear_up_to`` tells up to how many desktops each further one costs no
more than a quarter above what each of the first five did.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from typing import Dict, List, Mapping, Sequence

from ..support.living import proportional
from . import sides
from .desks import Desk, seconds_of, wait_until_drawn
from .figures import OURS, Figure
from .spread import linear_up_to
from .stage import Stage

NUMBERS = (1, 5, 10, 20)
WATCHED = 6.0
ROUNDS = 1
SECONDS = 170


def _figures() -> Dict[str, Figure]:
    found = {}
    for number in NUMBERS:
        many = f"{number} desktops" if number > 1 else "1 desktop"
        found[f"memory_{number}"] = Figure(f"{many}: proportional memory, together", None, "MB")
        found[f"server_{number}"] = Figure(f"{many}: of the Jupyter servers", None, "MB")
        found[f"processor_{number}"] = Figure(f"{many}: idle processors, servers included", None, "% of a core")
        found[f"start_{number}"] = Figure(f"{many}: start of the last of them")
    for what, words in (("memory", "memory"), ("processor", "idle processors")):
        found[f"linear_{what}"] = Figure(f"{words} linear up to", None, "desktops", more=True)
    return found


FIGURES = _figures()


def ours(stage: Stage, _: str) -> Mapping[str, float]:
    desk = stage.desk(OURS, sides.CasaDesktop)
    return _measure(stage, [desk], [f"casa-desktop/d{number}/" for number in range(NUMBERS[-1])])


def peer(stage: Stage, _: str) -> Mapping[str, float]:
    return _measure(stage, [], [sides.RemoteDesktopProxy.page_path] * NUMBERS[-1])


def _measure(stage: Stage, there: Sequence[Desk], paths: Sequence[str]) -> Mapping[str, float]:
    """Open pages, on the one desk that is there or on a new one each, and weigh all at each of the numbers."""
    desks: List[Desk] = list(there)
    numbers = NUMBERS[:2] if stage.quick else NUMBERS
    found: Dict[str, float] = {}
    starts: List[float] = []
    with ExitStack() as exits:
        for number, path in enumerate(paths[: numbers[-1]], 1):
            if not there:
                desks.append(stage.desk(f"{sides.JRDP} {number}", sides.RemoteDesktopProxy))
            starts.append(_open(exits, desks[-1], path))
            if number in numbers:
                found.update(_weigh(desks, number))
                found[f"start_{number}"] = statistics.median(starts[-3:])
    for what in ("memory", "processor"):
        totals = {number: found[f"{what}_{number}"] for number in numbers}
        found[f"linear_{what}"] = float(linear_up_to(totals))
    return found


def _open(exits: ExitStack, desk: Desk, path: str) -> float:
    """Open a page that stays open; return the seconds until it is drawn."""
    page = exits.enter_context(desk.context()).new_page()
    begun = time.time()
    page.goto(f"http://127.0.0.1:{desk.port}/{path}?token={desk.token}")
    wait_until_drawn(page)
    return float(page.evaluate("bench.times.drawn")) / 1000 - begun


def _weigh(desks: Sequence[Desk], number: int) -> Mapping[str, float]:
    # Until what the starts set off has settled.
    time.sleep(3)
    servers = [each for desk in desks for each in desk.serving()]
    desktops = [each for desk in desks for each in desk.processes() if each not in servers]
    before = seconds_of([*desktops, *servers])
    time.sleep(WATCHED)
    return {
        f"memory_{number}": proportional(desktops) / 1e6,
        f"server_{number}": proportional(servers) / 1e6,
        f"processor_{number}": 100 * (seconds_of([*desktops, *servers]) - before) / WATCHED,
    }


SIDES = {OURS: ours, sides.JRDP: peer}
