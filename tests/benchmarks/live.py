"""The first live ``imview``: from the sending of the cell to a mapped window with the image drawn in it.

The desktop runs on both sides, and all imports are done; the tool is not started. The X server itself tells of each
change of the picture.
"""

from __future__ import annotations

import time
from typing import Mapping, Optional

from casa_desktop.session import Record

from ..system.screen import Screen, Window
from .harness import Figure
from .stage import Kernel, Stage

PEER = "stock CASA"
FIGURES = {"drawn": Figure("first live imview to a drawn window", 0.2)}
NEEDS_TOOLS = True

TITLE = "Viewer Display Panel"
# The empty window has a dozen colours; the image some hundred more.
COLOURS = 100


def ours(stage: Stage) -> Mapping[str, float]:
    desktop = stage.desktop("main")
    with stage.ours() as kernel:
        kernel.run("imview")
        return {"drawn": _until_drawn(kernel, "imview('dirty.image', gui=True)", desktop)}


def peer(stage: Stage) -> Mapping[str, float]:
    desktop = stage.desktop("stock")
    with stage.stock(desktop) as kernel:
        kernel.run("from casaviewer import imview")
        return {"drawn": _until_drawn(kernel, "imview(raster='dirty.image')", desktop)}


def _until_drawn(kernel: Kernel, code: str, desktop: Record) -> float:
    with Screen({"display": desktop.display, "xauthority": desktop.xauthority}) as screen:
        screen.wait_until_gone(TITLE)
        started = time.perf_counter()
        request = kernel.client.execute(code)
        screen.wait_until(lambda: _drawn(screen), "drawn image", timeout=60)
        seconds = time.perf_counter() - started
        while kernel.client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != request:
            pass
        return seconds


def _drawn(screen: Screen) -> bool:
    window: Optional[Window] = next((each for each in screen.windows() if TITLE in each.title), None)
    if window is None:
        return False
    # Every third pixel in both directions: enough to tell, and quick.
    pixels = window.cut(screen.pixels())[::3, ::3].astype(int)
    return len(set((pixels @ (65536, 256, 1)).ravel().tolist())) > COLOURS
