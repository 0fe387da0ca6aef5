"""Write IceWM's configuration files to the desktop's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from .. import names
from ..runtime.directory import Places
from ..system.pythonpath import finding, module
from . import icewm

THEME_FOLDER = Path(__file__).resolve().parents[1] / "theme"


def write(at: Places, tools_python: str) -> None:
    """Write the files for scale 1.

    Args:
        at: the desktop's paths.
        tools_python: the Python whose CASA the menu starts; empty for this Python.

    Raises:
        OSError: there is no space.
    """
    python = (tools_python,) if tools_python else finding(sys.executable)
    tools = [
        icewm.MenuEntry(label, "-", (*python, *module(names.TOOLS_PROGRAM), "run", tool))
        for tool, label in icewm.TOOLS.items()
    ]
    terminal = icewm.MenuEntry("Terminal", "utilities-terminal", ("xterm", "-fa", "Monospace", "-fs", "11"))
    folder = themes(at)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / icewm.theme_name(1)).symlink_to(THEME_FOLDER)
    (at.icewm / "preferences").write_text(icewm.preferences(), encoding="utf-8")
    (at.icewm / "menu").write_text(icewm.menu(tools, [terminal]), encoding="utf-8")
    (at.icewm / "toolbar").write_text(icewm.toolbar([terminal]), encoding="utf-8")


def was_scaled(at: Places) -> bool:
    """Return whether the desktop has ever had another scale than 1; then a theme for that scale exists.

    Raises:
        OSError: the desktop has ended.
    """
    return any(each.name != icewm.theme_name(1) for each in themes(at).iterdir())


def themes(at: Places) -> Path:
    """Return the folder of the window manager's themes, one per scale."""
    return at.icewm / "themes"
