"""casaviewer's preferences, in a cache folder of the kernel's own. Pure text, and one function that writes it.

The file is ``<cachedir>/viewer/rc``; the names in it were read from casaviewer 1.5.2 and 2.4.4. The viewer appends to
it whenever a window closes, and a window opened later is then larger by its tool bars: the file is written
anew before each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping

# Larger than most desktops: the window manager trims the window to the desktop's size, whatever that is.
# 2000 and more is "unreasonably large" to the viewer, which then takes 1000 x 640.
_WHOLE_DESKTOP = "1900 1500"
_STYLE_FILE = "viewer/style.qss"
# The polarisations that are one plane, of tclean's parameter stokes.
_ONE_STOKES = ("I", "Q", "U", "V", "XX", "YY", "RR", "LL", "pseudoI")

# The tool buttons on the left and the docks below the image: on its right they would leave it a third of the width of a
# desktop in half a browser window. What the cursor shows is left to the menu View, as below.
LIVE: Mapping[str, str] = {
    "viewer.dpg.dimensions": "1200 1000",
    "viewer.dpg.position.animator": "bottom",
    "viewer.dpg.position.cursor_tracking": "bottom",
    "viewer.dpg.position.mousetools": "left",
    "viewer.dpg.position.regions": "bottom",
    "viewer.dpg.visible.cursor_tracking": "false",
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

# Where there are no channels to step through: nothing but the clean controls and the image.
MASK_EDITOR_OF_A_PLANE: Mapping[str, str] = {**MASK_EDITOR, "viewer.iclean.visible.animator": "false"}

# What the preferences cannot say: bars and gaps as narrow as they may be, for the image's sake. Sizes are in CSS
# pixels, whatever the desktop's scale is. Language: https://doc.qt.io/qt-6/stylesheet-reference.html
_STYLE = """\
QToolBar { icon-size: 16px; spacing: 0px; padding: 0px; margin: 0px; }
QMenuBar::item { padding: 1px 6px; }
QMainWindow::separator { width: 3px; height: 3px; }
QStatusBar { max-height: 16px; }
"""

# By its colour, which nothing else has, ``roomier`` knows the separator below the clean controls. There is none while
# these may not be a pixel higher than they are.
SEPARATOR = "#dcdad9"
_STYLE_OF_A_PLANE = f"""\
#Interactive_Clean {{ max-height: 104px; }}
QMainWindow::separator {{ background: {SEPARATOR}; }}
"""

# Nothing but the picture, about 540 x 540 pixels. The time that the viewer takes grows with them.
HEADLESS: Mapping[str, str] = {
    "viewer.dpg.dimensions": "560 690",
    "viewer.dpg.visible.animator": "false",
    "viewer.dpg.visible.cursor_tracking": "false",
    "viewer.dpg.visible.regions": "false",
}


def arguments(cache: Path) -> List[str]:
    """Return what tells the viewer where its preferences are, and Qt where its style is.

    The option is called rcdir in casaviewer 1.5.2 and 2.0.1; each viewer passes over the name that it does not know.
    """
    return [*(f"--{option}={cache}" for option in ("cachedir", "rcdir")), f"-stylesheet={cache / _STYLE_FILE}"]


def write(cache: Path, preferences: Mapping[str, str]) -> None:
    """Make ``cache`` a cache folder whose viewer has ``preferences``, and nothing else."""
    rc = cache / "viewer" / "rc"
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("".join(f"{name}: {value}\n" for name, value in preferences.items()))
    style = _STYLE + (_STYLE_OF_A_PLANE if preferences is MASK_EDITOR_OF_A_PLANE else "")
    # A picture without a window has the size that it has without a style.
    (cache / _STYLE_FILE).write_text("" if preferences is HEADLESS else style)


def has_planes(given: Mapping[str, Any]) -> bool:
    """Return whether the mask editor of a call of tclean has several planes or fields to step through.

    Args:
        given: the call's arguments.
    """
    is_continuum = given.get("specmode", "mfs") == "mfs"
    return not is_continuum or given.get("stokes", "I") not in _ONE_STOKES or bool(given.get("outlierfile"))
