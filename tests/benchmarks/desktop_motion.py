"""What moves, over six links: frames that arrive, their bytes, and the processors' time on the server's side.

Four things move: a film of radio images at 60 frames per second (``xprogram``); noise, likewise, on a larger desktop of
those sides that take the page's size, over three of the links; a real casaviewer's movie of a spectral cube at its
highest rate; and a plot of a real plotms, dragged by its pan tool. A frame counts once, when
enough of a row of its pixels differs from the last (``scenes``). All sides are looked at through the link in user
space, also where it neither delays nor limits, for it counts the bytes that the server sends, all of its protocol
included. What adapts to a link has two seconds for it, in a fresh page; then as many are counted. The
processors' time is that of the X server, of all that carries its picture, and of the window manager; not that of the
program that moves, nor the browser's. The floor reads raw pixels from Xvnc's own socket.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Mapping, Tuple

import psutil

from . import scenes, sides
from .desks import VIEWPORT, Desk, seconds_of
from .figures import FLOOR, OURS, Figure
from .links import LINKS, MIDDLING, NARROW, NEAR
from .rfb import Client
from .stage import Stage

FIGURES = {
    "rate": Figure("frames", None, "/s", more=True),
    "bytes": Figure("bytes of a frame", None, "kB"),
    "processor": Figure("processors of the server's side", None, "% of a core"),
    "cost": Figure("processors' time for a frame", None, "ms"),
}
CASES = (
    *(f"{scenes.NOISE}, {link}" for link in (NEAR, MIDDLING, NARROW)),
    *(f"{scene}, {link}" for scene in (scenes.FILM, scenes.MOVIE, scenes.PAN) for link in LINKS),
)
QUICK = tuple(f"{scene}, {link}" for scene in (scenes.FILM, scenes.MOVIE, scenes.PAN) for link in (NEAR, NARROW))
ROUNDS = 2
KEEPS = True
SECONDS = 510
SETTLE, COUNT = 2.0, 2.0


def _split(case: str) -> Tuple[str, str]:
    scene, _, link = case.partition(", ")
    return scene, link


def _side(name: str) -> Callable[[Stage, str], Mapping[str, float]]:
    def measure(stage: Stage, case: str) -> Mapping[str, float]:
        scene, link = _split(case)
        viewport = scenes.VIEWPORTS.get(scene, VIEWPORT)
        if not sides.can_show(name, viewport):
            return {}
        desk = stage.desk(name, sides.KINDS[name])
        with desk.page(LINKS[link], viewport) as page:
            shown = scenes.on(desk, stage, scene)
            with shown.moving():
                return _watch(desk, page, shown.line)

    return measure


def _watch(desk: Desk, page: Any, line: scenes.Line) -> Mapping[str, float]:
    assert desk.link is not None
    page.evaluate("([y, columns, least]) => bench.watch(y, columns, least)", [line.y, line.columns, line.least])
    page.wait_for_timeout(1000 * SETTLE)
    processes = _serving(desk)
    page.evaluate("bench.seen()")
    before = desk.link.received, seconds_of(processes)
    page.wait_for_timeout(1000 * COUNT)
    seen = page.evaluate("bench.seen()")
    after = desk.link.received, seconds_of(processes)
    return _figures(seen["frames"], seen["seconds"], after[0] - before[0], after[1] - before[1])


def _serving(desk: Desk) -> List[psutil.Process]:
    found = {each.pid: each for each in (*desk.processes(), *desk.serving())}
    return list(found.values())


def _figures(frames: int, seconds: float, size: int, taken: float) -> Mapping[str, float]:
    return {
        "rate": frames / seconds,
        "bytes": size / max(frames, 1) / 1000,
        "processor": 100 * taken / seconds,
        "cost": 1000 * taken / max(frames, 1),
    }


def _floor(stage: Stage, case: str) -> Mapping[str, float]:
    scene, link = _split(case)
    if link != NEAR or scene in scenes.VIEWPORTS:
        return {}
    desk = stage.desk(FLOOR, sides.Bare)
    assert isinstance(desk, sides.Bare)
    shown = scenes.on(desk, stage, scene)
    with shown.moving(), Client(desk.record()["rfb_socket"]) as client:
        _count(client, shown.line, 1.0)
        processes = desk.processes()
        before, begun = (client.received, seconds_of(processes)), time.perf_counter()
        frames = _count(client, shown.line, COUNT)
        seconds = time.perf_counter() - begun
        return _figures(frames, seconds, client.received - before[0], seconds_of(processes) - before[1])


def _count(client: Client, line: scenes.Line, seconds: float) -> int:
    """Return the frames within so many seconds."""
    columns, end, frames, last = list(line.columns), time.perf_counter() + seconds, 0, None
    while time.perf_counter() < end:
        client.update()
        bits = (client.picture[line.y, columns] >> 8 & 0xFF) > 127
        if last is None or int((bits != last).sum()) >= line.least:
            frames, last = frames + 1, bits
    return frames


SIDES: Dict[str, sides.Side] = {
    **{name: _side(name) for name in sides.present(OURS, sides.JRDP, sides.SELKIES, sides.WEBSOCKIFY, sides.XPRA)},
    FLOOR: _floor,
}
