"""Draw everything on a display larger: ``python -m casa_desktop.x11.scale_program NAME RATIO``.

This is for screens with small pixels, where a page has several screen pixels per CSS pixel. X has one setting for it,
the resource ``Xft.dpi``. Qt 6, xterm and other programs that draw text with Xft read it when they start, and CASA's
tools scale their whole windows with it (casaviewer 2.4, casaplotms 2.9). The window manager is restarted with bars and
buttons of the same scale; windows stay where they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError

from ..errors import Shortage
from ..runtime.directory import Places, places
from ..system import files
from . import icewm

_DPI = re.compile(rb"^Xft\.dpi:.*\n?", re.MULTILINE)


def resources(display: Any, ratio: float) -> Optional[bytes]:
    """Return the value of the display's resources for a scale; None if they have that value already."""
    screen = display.screen()
    found = screen.root.get_full_property(Xatom.RESOURCE_MANAGER, X.AnyPropertyType)
    before = bytes(found.value) if found is not None else b""
    # The resolution that X reports is the default without this resource.
    usual = screen.width_in_pixels * 25.4 / screen.width_in_mms
    line = b"" if ratio == 1 else f"Xft.dpi:\t{round(usual * ratio)}\n".encode()
    after = _DPI.sub(b"", before) + line
    return after if after != before else None


def set_dpi(display: Any, ratio: float) -> bool:
    """Set the display's resources for a scale; return whether they have changed."""
    after = resources(display, ratio)
    if after is None:
        return False
    display.screen().root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, after)
    display.sync()
    return True


def write_icewm_files(at: Places, ratio: float) -> None:
    """Write the window manager's theme and preferences for a scale."""
    theme = icewm.themes(at) / icewm.theme_name(ratio)
    if not theme.exists():
        # Written under another name first, because the disk may become full: an existing theme must be complete.
        partial = theme.with_suffix(".part")
        try:
            _write_theme(partial, ratio)
            partial.replace(theme)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    files.write_text(at.icewm / "preferences", icewm.preferences(ratio))


def _write_theme(folder: Path, ratio: float) -> None:
    for source in icewm.THEME_FOLDER.rglob("*.*"):
        target = folder / source.relative_to(icewm.THEME_FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        grow = icewm.scaled_xpm if source.suffix == ".xpm" else icewm.scaled_theme
        target.write_text(grow(source.read_text(encoding="utf-8"), ratio), encoding="utf-8")


def main(name: str, ratio: float) -> int:
    """Set the scale of one desktop; return the exit status."""
    try:
        display, at = Display(), places(name)
        # The files first, because the X resource shows the next call that the scale is set.
        if resources(display, ratio) is not None:
            write_icewm_files(at, ratio)
            set_dpi(display, ratio)
            subprocess.run(["icewm", "--restart"], check=True)
    except (OSError, DisplayError, ConnectionClosedError, subprocess.CalledProcessError) as error:
        print(Shortage.of(error) or error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
