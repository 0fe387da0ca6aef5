"""casaviewer's preferences, in a cache folder of the kernel. Only text, and one function that writes it.

The file is ``<cachedir>/viewer/rc``; the names in it were read from casaviewer 1.5.2 and 2.4.4. The viewer appends to
it whenever a window closes, and a window opened later is then larger by its tool bars. So the file is written anew
before each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping

# Larger than most desktops: the window manager limits the window to the desktop's size. The viewer calls 2000 and more
# "unreasonably large", and uses 1000 x 640 instead.
_WHOLE_DESKTOP = "1900 1500"
_RC_FILE, _STYLE_FILE = "viewer/rc", "viewer/style.qss"
_ANIMATORS = "viewer.iclean.visible.animator"
# The values of tclean's parameter stokes that give a single plane.
_ONE_STOKES = ("I", "Q", "U", "V", "XX", "YY", "RR", "LL", "pseudoI")

# The tool buttons are on the left and the docks below the image. On its right, the docks would leave the image a third
# of the width of a desktop in half a browser window. The cursor's values are in the menu View, as below.
LIVE: Mapping[str, str] = {
    "viewer.dpg.dimensions": "1200 1000",
    "viewer.dpg.position.animator": "bottom",
    "viewer.dpg.position.cursor_tracking": "bottom",
    "viewer.dpg.position.mousetools": "left",
    "viewer.dpg.position.regions": "bottom",
    "viewer.dpg.visible.cursor_tracking": "false",
    "viewer.dpg.visible.regions": "false",
}

# The image shares the window's height with the clean controls above it. With docks on the right it would be tiny on a
# desktop in half a browser window. So the tool buttons are on the left; the cursor's values are in the menu View, as
# the animators, which step through channels: their dock is 241 pixels high, which casaviewer's code fixes whatever
# the style says (``AnimatorHolder``), and would leave the image a third of such a window.
MASK_EDITOR: Mapping[str, str] = {
    "viewer.iclean.dimensions": _WHOLE_DESKTOP,
    "viewer.iclean.position.animator": "bottom",
    "viewer.iclean.position.cursor_tracking": "right",
    "viewer.iclean.position.mousetools": "left",
    _ANIMATORS: "false",
    "viewer.iclean.visible.cursor_tracking": "false",
    "viewer.iclean.visible.regions": "false",
}

# For users who had the animators in the last mask editor.
MASK_EDITOR_WITH_ANIMATORS: Mapping[str, str] = {**MASK_EDITOR, _ANIMATORS: "true"}

# Settings that are not in the preferences: narrow bars and gaps, to leave room for the image. Sizes are in CSS pixels,
# whatever the desktop's scale is. Language: https://doc.qt.io/qt-6/stylesheet-reference.html
_STYLE = """\
QToolBar { icon-size: 16px; spacing: 0px; padding: 0px; margin: 0px; }
QMenuBar::item { padding: 1px 6px; }
QMainWindow::separator { width: 3px; height: 3px; }
QStatusBar { max-height: 16px; }
"""

# ``interactive.editor_size`` finds the separator below the clean controls by this unique colour. There is no separator
# if the controls may not grow by even a pixel, hence the max-height.
SEPARATOR = "#dcdad9"
_STYLE_WITHOUT_ANIMATORS = f"""\
#Interactive_Clean {{ max-height: 104px; }}
QMainWindow::separator {{ background: {SEPARATOR}; }}
"""

# Only the picture, about 540 x 540 pixels. The viewer's time grows with their number.
HEADLESS: Mapping[str, str] = {
    "viewer.dpg.dimensions": "560 690",
    "viewer.dpg.visible.animator": "false",
    "viewer.dpg.visible.cursor_tracking": "false",
    "viewer.dpg.visible.regions": "false",
}


def arguments(cache: Path) -> List[str]:
    """Return the arguments with the folders of the viewer's preferences and of Qt's style.

    The option is called rcdir in casaviewer 1.5.2 and 2.0.1; each viewer ignores the name that it does not know.
    """
    return [*(f"--{option}={cache}" for option in ("cachedir", "rcdir")), f"-stylesheet={cache / _STYLE_FILE}"]


def write(cache: Path, preferences: Mapping[str, str]) -> None:
    """Make ``cache`` a cache folder for a viewer with ``preferences`` and without other settings."""
    rc = cache / _RC_FILE
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("".join(f"{name}: {value}\n" for name, value in preferences.items()))
    style = _STYLE + (_STYLE_WITHOUT_ANIMATORS if preferences is MASK_EDITOR else "")
    # Without a style, so that the picture has its usual size.
    (cache / _STYLE_FILE).write_text("" if preferences is HEADLESS else style)


def shows_animators(cache: Path) -> bool:
    """Return whether the last mask editor that used ``cache`` showed its animators; the viewer writes that at once."""
    try:
        lines = (cache / _RC_FILE).read_text(errors="replace").splitlines()
    except OSError:
        return False
    return [line for line in lines if line.startswith(_ANIMATORS)][-1:] == [f"{_ANIMATORS}: true"]


def has_planes(given: Mapping[str, Any]) -> bool:
    """Return whether the mask editor of a call of tclean has several planes or fields to step through."""
    is_continuum = given.get("specmode", "mfs") == "mfs"
    return not is_continuum or given.get("stokes", "I") not in _ONE_STOKES or bool(given.get("outlierfile"))
