"""casaviewer's preferences, in a cache folder of the kernel's own. Pure text, and one function that writes it.

The file is ``<cachedir>/viewer/rc``; the names in it were read from casaviewer 1.5.2 and 2.4.4. The viewer appends to
it whenever a window closes, and a window opened later is then larger by its tool bars: the file is written
anew before each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Mapping

# Larger than most desktops: the window manager trims the window to the desktop's size, whatever that is.
# 2000 and more is "unreasonably large" to the viewer, which then takes 1000 x 640.
_WHOLE_DESKTOP = "1900 1500"

# The docks below the image: on its right they would leave it a third of the width of a desktop in half a
# browser window.
LIVE: Mapping[str, str] = {
    "viewer.dpg.dimensions": "1200 1000",
    "viewer.dpg.position.animator": "bottom",
    "viewer.dpg.position.cursor_tracking": "bottom",
    "viewer.dpg.position.regions": "bottom",
    "viewer.dpg.visible.regions": "false",
}

# The image shares the window's height with the clean controls above it. Docks on the right would leave it the size of
# a stamp on a desktop that has half a browser window: so the tool buttons stand on the left, the channels' buttons
# below, and what the cursor shows is left to the menu View.
MASK_EDITOR: Mapping[str, str] = {
    "viewer.iclean.dimensions": _WHOLE_DESKTOP,
    "viewer.iclean.position.animator": "bottom",
    "viewer.iclean.position.cursor_tracking": "right",
    "viewer.iclean.position.mousetools": "left",
    "viewer.iclean.visible.cursor_tracking": "false",
    "viewer.iclean.visible.regions": "false",
}

# Nothing but the picture, about 540 x 540 pixels. The time that the viewer takes grows with them.
HEADLESS: Mapping[str, str] = {
    "viewer.dpg.dimensions": "560 690",
    "viewer.dpg.visible.animator": "false",
    "viewer.dpg.visible.cursor_tracking": "false",
    "viewer.dpg.visible.regions": "false",
}


def arguments(cache: Path) -> List[str]:
    """Return what tells the viewer where its preferences are.

    The option is called rcdir in casaviewer 1.5.2 and 2.0.1; each viewer passes over the name that it does not know.
    """
    return [f"--{option}={cache}" for option in ("cachedir", "rcdir")]


def write(cache: Path, preferences: Mapping[str, str]) -> None:
    """Make ``cache`` a cache folder whose viewer has ``preferences``, and nothing else."""
    rc = cache / "viewer" / "rc"
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("".join(f"{name}: {value}\n" for name, value in preferences.items()))
