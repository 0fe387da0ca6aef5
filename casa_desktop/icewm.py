"""The files that make IceWM a desktop for CASA: task bar, menu and colours. Pure text.

IceWM was chosen because it is one small program with a task bar and a menu, and is still looked after
(https://github.com/bbidulock/icewm). Its file formats: icewm-preferences(5), icewm-menu(5), icewm-toolbar(5).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Sequence, Tuple

PREFERENCES = """\
Theme="casa/default.theme"
TaskBarShowWorkspaces=0
TaskBarShowCPUStatus=0
TaskBarShowMEMStatus=0
TaskBarShowNetStatus=0
TaskBarShowMailboxStatus=0
TaskBarShowWindowListMenu=0
TaskBarShowShowDesktopButton=0
TaskBarShowClock=1
TaskBarClockLeds=0
TaskBarDoubleHeight=0
TimeFormat="%H:%M"
WorkspaceNames=" CASA "
ShowProgramsMenu=0
ShowSettingsMenu=0
ShowHelp=0
ShowLogoutMenu=0
ShowLogoutSubMenu=0
ShowRun=0
ShowAbout=0
ShowFocusModeMenu=0
ShowThemesMenu=0
ConfirmLogout=0
ClickToFocus=1
FocusOnMap=1
RaiseOnFocus=1
SmartPlacement=1
CenterTransientsOnOwner=1
OpaqueMove=1
OpaqueResize=1
ShowMoveSizeStatus=0
DesktopBackgroundCenter=0
DesktopBackgroundColor="rgb:1b/26/36"
DesktopBackgroundImage=""
FontsAreXft=1
TitleFontNameXft="sans-serif:size=10:bold"
MenuFontNameXft="sans-serif:size=10"
ActiveTaskBarFontNameXft="sans-serif:size=10:bold"
NormalTaskBarFontNameXft="sans-serif:size=10"
ClockFontNameXft="sans-serif:size=10"
KeySysLogout=""
KeySysCtrlAltDel=""
"""


@dataclass(frozen=True)
class MenuEntry:
    """One program in the menu.

    Attributes:
        label: what the user reads.
        icon: the name of an icon, or ``-`` for none.
        argv: the command line.
    """

    label: str
    icon: str
    argv: Tuple[str, ...]


def preferences() -> str:
    """Return the text of ``preferences``: a bare task bar, focus by click, a plain background."""
    return PREFERENCES


def menu(tools: Sequence[MenuEntry], others: Sequence[MenuEntry]) -> str:
    """Return the text of ``menu``: CASA's tools, a line, the rest."""
    return "\n".join([*map(_program, tools), "separator", *map(_program, others), ""])


def toolbar(entries: Sequence[MenuEntry]) -> str:
    """Return the text of ``toolbar``: the buttons beside the menu."""
    return "\n".join([*map(_program, entries), ""])


def _program(entry: MenuEntry) -> str:
    # IceWM splits the command by its own rules, which know double quotes and backslashes only;
    # a shell word without quotes needs neither.
    words = " ".join(_word(word) for word in entry.argv)
    return f'prog "{entry.label}" {entry.icon} {words}'


def _word(word: str) -> str:
    if shlex.quote(word) == word:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
