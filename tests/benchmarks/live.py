"""Live windows: from the sending of the cell to a mapped window with the image or the plot drawn in it.

The desktop runs on both sides, and all imports are done; the tool is not started before the first. For a later
``imview`` a window of the first is there already, and a further one is waited for; a later ``plotms`` draws another
quantity into the same window, and has done so with the last change of its picture. The X server itself tells of each.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Callable, List, Mapping

from casa_desktop.runtime.record import Record

from ..support.screen import Pixels, Screen, Window
from .figures import OURS, Figure
from .stage import STOCK_CASA, Kernel, Stage

FIGURES = {
    "drawn": Figure("first live imview to a drawn window", 0.2),
    "later": Figure("later live imview to a drawn window"),
    "plot": Figure("first live plotms to a drawn window"),
    "plot_later": Figure("later live plotms to a drawn window"),
}
NEEDS_TOOLS = True
ROUNDS = 3
SECONDS = 26

VIEWER, PLOTS = "Viewer Display Panel", "PlotMS"
# The empty window has a dozen colours; the image some hundred more.
COLOURS = 100
# Of 8,400 points, most lie beside each other.
POINTS = 1000


def ours(stage: Stage, _: str = "") -> Mapping[str, float]:
    desktop = stage.desktop("main")
    with stage.ours() as kernel:
        # A task's name alone would be a call of it.
        kernel.run("_ = imview, plotms")
        return _times(kernel, desktop, "imview('dirty.image', gui=True)", "plotms('sim.ms', yaxis={!r}, gui=True)")


def stock(stage: Stage, _: str = "") -> Mapping[str, float]:
    desktop = stage.desktop("stock")
    with stage.stock(desktop) as kernel:
        kernel.run("from casaviewer import imview\nfrom casaplotms import plotms")
        return _times(kernel, desktop, "imview(raster='dirty.image')", "plotms('sim.ms', yaxis={!r}, showgui=True)")


def _times(kernel: Kernel, desktop: Record, image: str, plot: str) -> Mapping[str, float]:
    with Screen({"display": desktop.display, "xauthority": desktop.xauthority}) as screen:
        screen.wait_until_gone(VIEWER)
        screen.wait_until_gone(PLOTS)
        drawn = _until(kernel, screen, image, lambda: len(_images(screen)) > 0)
        later = _until(kernel, screen, image, lambda: len(_images(screen)) > 1)
        first = _until(kernel, screen, plot.format("amp"), lambda: _plotted(screen))
        screen.wait_until_still()
        after = _until_last_change(kernel, screen, plot.format("phase"))
    return {"drawn": drawn, "later": later, "plot": first, "plot_later": after}


def _until(kernel: Kernel, screen: Screen, code: str, look: Callable[[], Any]) -> float:
    started = time.perf_counter()
    request = kernel.client.execute(code)
    screen.wait_until(look, f"drawn window of {code}", timeout=60)
    seconds = time.perf_counter() - started
    while kernel.client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != request:
        pass
    return seconds


def _until_last_change(kernel: Kernel, screen: Screen, code: str) -> float:
    """Return the seconds to the last change of the plot, after which it stands still for a second."""
    shown, started = _plot(screen), time.perf_counter()
    kernel.client.execute(code)
    changed = None

    def look() -> None:
        nonlocal shown, changed
        now = _plot(screen)
        if now.shape != shown.shape or (now != shown).any():
            shown, changed = now, time.perf_counter()

    while changed is None or time.perf_counter() - changed < 1:
        with suppress(TimeoutError):
            screen.wait_until(look, "change of the plot", timeout=0.5)
        if time.perf_counter() - started > 60:
            raise TimeoutError(f"The plot has not come to rest in a minute after {code}.")
    return changed - started


def _images(screen: Screen) -> List[Window]:
    pixels = screen.pixels()
    windows = [each for each in screen.windows() if VIEWER in each.title]
    # Every third pixel in both directions: enough to tell, and quick. One window lies above the other in part only.
    return [each for each in windows if _colours(each.cut(pixels)[::3, ::3]) > COLOURS]


def _colours(pixels: Pixels) -> int:
    return len(set((pixels.astype(int) @ (65536, 256, 1)).ravel().tolist()))


def _plot(screen: Screen) -> Pixels:
    window = next((each for each in screen.windows() if each.title.startswith(PLOTS)), None)
    return screen.pixels()[:0] if window is None else window.cut(screen.pixels())[:, 330:]


def _plotted(screen: Screen) -> bool:
    pixels = _plot(screen).astype(int)
    return bool(((pixels[:, :, 2] > 200) & (pixels[:, :, :2] < 60).all(axis=2)).sum() > POINTS)


SIDES = {OURS: ours, STOCK_CASA: stock}
