"""Have everything on a display drawn larger: ``python -m casa_desktop.scale NAME RATIO``.

For screens whose pixels are so small that a page shows several of them for each CSS pixel. X has one number for it,
the resource ``Xft.dpi``: Qt 6, xterm and whatever else draws text by Xft go by it when they start, and all of the
windows of CASA's tools is drawn in that size (casaviewer 2.4, casaplotms 2.9). The window manager is told to start
afresh, with its bars and buttons in the same size; windows stay where they are.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError

from . import icewm
from .runtime import Places, places

_DPI = re.compile(rb"^Xft\.dpi:.*\n?", re.MULTILINE)
THEME_FOLDER = Path(__file__).resolve().parent / "theme"


def set_dpi(display: Any, ratio: float) -> bool:
    """Set the display's resource; return whether it was another one before."""
    screen = display.screen()
    found = screen.root.get_full_property(Xatom.RESOURCE_MANAGER, X.AnyPropertyType)
    before = bytes(found.value) if found is not None else b""
    # What X says is what holds where there is no such resource.
    usual = screen.width_in_pixels * 25.4 / screen.width_in_mms
    line = b"" if ratio == 1 else f"Xft.dpi:\t{round(usual * ratio)}\n".encode()
    after = _DPI.sub(b"", before) + line
    if after == before:
        return False
    screen.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, after)
    display.sync()
    return True


def write_icewm_files(at: Places, ratio: float) -> None:
    """Write the window manager's theme and preferences for a scale."""
    theme = at.icewm / "themes" / icewm.theme_name(ratio)
    if not theme.exists():
        for source in THEME_FOLDER.rglob("*.*"):
            target = theme / source.relative_to(THEME_FOLDER)
            target.parent.mkdir(parents=True, exist_ok=True)
            grow = icewm.scaled_xpm if source.suffix == ".xpm" else icewm.scaled_theme
            target.write_text(grow(source.read_text(encoding="utf-8"), ratio), encoding="utf-8")
    partial = at.icewm / "preferences.part"
    partial.write_text(icewm.preferences(ratio), encoding="utf-8")
    partial.replace(at.icewm / "preferences")


def main(name: str, ratio: float) -> int:
    """Set the scale of one desktop; return the exit status."""
    try:
        if set_dpi(Display(), ratio):
            write_icewm_files(places(name), ratio)
            subprocess.run(["icewm", "--restart"], check=True)
    except (OSError, DisplayError, ConnectionClosedError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
