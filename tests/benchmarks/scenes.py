"""What moves on a desktop while it is watched: a film, noise, casaviewer's movie of a cube, and plotms's plot, panned.

A scene is started once for a desk and goes on when it is watched; in between its processes are stopped, so that it
takes nothing from the side that is measured. Each tells where a frame can be told from the one before: a row of the
desktop, some of its columns, and how many of these must turn bright or dark for a new frame.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Iterator, List, Mapping, Tuple

from playwright.sync_api import ViewportSize
from Xlib import XK, X
from Xlib.ext import xtest

from ..support.mask_editor import find_frame
from ..support.screen import Screen, Window, XHand
from . import xprogram
from .cube import BITS, BLOCK, SIDE
from .desks import Desk, start_program
from .stage import Stage

FILM, NOISE, MOVIE, PAN = "a film of 600 x 600 pixels", "noise of 800 x 800", "casaviewer's movie", "plotms panned"
# What does not fit into the usual window of the browser.
VIEWPORTS: Mapping[str, ViewportSize] = {NOISE: {"width": 1500, "height": 950}}


@dataclass(frozen=True)
class Line:
    """Where a scene's frames are told apart."""

    y: int
    columns: Tuple[int, ...]
    least: int


class Scene:
    """A running scene.

    Attributes:
        name: which.
        line: where to look.
    """

    def __init__(self, name: str, line: Line, processes: List[subprocess.Popen[bytes]]) -> None:
        self.name, self.line, self._processes = name, line, processes

    def _signal(self, number: int) -> None:
        for each in self._processes:
            each.send_signal(number)

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Let it move while inside."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def end(self) -> None:
        """End it; a second time does nothing."""
        for each in self._processes:
            each.kill()
            each.wait()
            if each.stdout is not None:
                each.stdout.close()


def on(desk: Desk, stage: Stage, name: str) -> Scene:
    """Return the scene on a desk whose page is open; another one that is there ends."""
    if desk.scene is not None and desk.scene.name == name:
        found: Scene = desk.scene
        return found
    if desk.scene is not None:
        desk.scene.end()
    desk.scene = {FILM: _film, NOISE: _noise, MOVIE: _movie, PAN: _pan}[name](desk, stage)
    return desk.scene


def _film(desk: Desk, _: Stage) -> Scene:
    return _numbered(FILM, desk, "film", xprogram.FILM)


def _noise(desk: Desk, _: Stage) -> Scene:
    x, y, side = xprogram.NOISE
    with desk.screen() as screen:
        screen.wait_until(lambda: screen.size() >= (x + side, y + side), "desktop as large as its page")
    return _numbered(NOISE, desk, "noise", xprogram.NOISE)


def _numbered(name: str, desk: Desk, program: str, place: Tuple[int, int, int]) -> Scene:
    """Start a program that shows the numbers of its frames as squares in the upper left corner of its place."""
    x, y, _ = place
    columns = (x + square * xprogram.SIDE + xprogram.SIDE // 2 for square in range(xprogram.SQUARES))
    line = Line(y + xprogram.SIDE // 2, tuple(columns), 1)
    return Scene(name, line, [start_program(desk.display(), program)])


def _movie(desk: Desk, stage: Stage) -> Scene:
    """Open the cube in casaviewer, set the animator to its highest rate, and press play."""
    process = _tool(desk, stage, "casaviewer", str(stage.cube()))
    with desk.screen() as screen:
        window = screen.wait_for_window("Viewer Display Panel", 60)
        frame = screen.wait_until(lambda: find_frame(window.cut(screen.pixels())), "image in casaviewer", 60)
        _rest(screen)
        window = screen.wait_for_window("Viewer Display Panel")
        # Places of casaviewer 2.4.4 in its own size of 1000 x 723: the field of the rate, and the button to play.
        hand = XHand(screen)
        hand.click((window.left + 773, window.top + 161))
        for _ in range(40):
            _key(screen, "Up")
        hand.click((window.left + 639, window.top + 161))
    blocks = [frame.at((block + 0.5) * BLOCK / SIDE, 1 - BLOCK / 2 / SIDE) for block in range(BITS)]
    columns = tuple(window.left + x for x, _ in blocks)
    return Scene(MOVIE, Line(window.top + blocks[0][1], columns, 1), [process])


def _pan(desk: Desk, stage: Stage) -> Scene:
    """Plot amplitudes in plotms, choose its tool that pans, and drag the plot in a circle."""
    stage.observe()
    data = str(stage.measures())
    words = (f"--datapath={data}", "--nopopups", f"vis={stage.folder / 'sim.ms'}", "xaxis=uvdist", "yaxis=amp")
    process = _tool(desk, stage, "casaplotms", *words)
    with desk.screen() as screen:
        window = screen.wait_for_window("PlotMS", 60)
        screen.wait_until(lambda: _plotted(screen, window), "plot in plotms", 60)
        _rest(screen)
        window = screen.wait_for_window("PlotMS")
        # casaplotms 2.9.1 in its own size of 1024 x 600.
        XHand(screen).click((window.left + 61, window.top + 557))
    hand = start_program(desk.display(), "pan", str(window.left + 650), str(window.top + 250))
    columns = tuple(range(window.left + 420, window.left + 960))
    return Scene(PAN, Line(window.top + 330, columns, 8), [hand, process])


def _rest(screen: Screen) -> None:
    """Wait until nothing changes, ten seconds at most: something else on the desktop may change for ever."""
    with suppress(TimeoutError):
        screen.wait_until_still(timeout=10)


def _plotted(screen: Screen, window: Window) -> bool:
    """Tell whether points, which are blue, are in the plot."""
    pixels = window.cut(screen.pixels())[80:500, 390:].astype(int)
    return bool(((pixels[:, :, 2] > 200) & (pixels[:, :, :2] < 60).all(axis=2)).sum() > 1000)


def _tool(desk: Desk, stage: Stage, name: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "casa_kernel.tools", "run", name, *words],
        cwd=stage.folder,
        env={**stage.environment, **desk.display()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _key(screen: Screen, name: str) -> None:
    code = screen.display.keysym_to_keycode(XK.string_to_keysym(name))
    for kind in (X.KeyPress, X.KeyRelease):
        xtest.fake_input(screen.display, kind, code)
    screen.display.sync()
