"""The window manager IceWM: its configuration files (task bar, menu and colours) and its command line.

IceWM was chosen because it is one small program with a task bar and a menu, and is still maintained
(https://github.com/bbidulock/icewm). Its file formats: icewm-preferences(5), icewm-menu(5), icewm-toolbar(5),
icewm-keys(5).

While nothing happens, IceWM arranges its task bar again and again: a timer of 15 ms, set anew each time it expires
(from 3.3.1 on, ``TaskBar::relayoutNow`` and ``TaskPane::handleTimer``). No preference stops it, and it was nearly all
that an idle desktop took of the processors. So IceWM runs with a coarse timer slack (prctl(2)), by which Linux may
delay its timers, but no event. A process inherits its parent's slack, and CASA's tools draw by timers. So everything
that IceWM starts is started by a script that restores the usual slack.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Mapping, NamedTuple, Sequence, Tuple

from .. import names
from ..runtime.directory import Places
from ..system.environment import for_desktop
from ..system.process import Command
from ..system.pythonpath import finding, module

THEME_FOLDER = Path(__file__).resolve().parents[1] / "theme"

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
EnableAddressBar=0
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


# IceWM's default sizes, in pixels.
_ICON_SIZES = {"SmallIconSize": 16, "MenuIconSize": 16, "LargeIconSize": 32, "HugeIconSize": 48}
_SIZE = re.compile(r"^(TitleBarHeight=|(?:Dlg)?BorderSize[XY]=|CornerSize[XY]=)(\d+)", re.MULTILINE)

# How much later than due IceWM's timers may be, in seconds. With it IceWM wakes up 15 times a second instead of 62
# times, and a button that appears in the task bar a twentieth of a second later is not noticed.
TIMER_SLACK = 0.05
# A process may write its own slack, in nanoseconds; 50 µs is Linux's own.
_START = """\
#!/bin/sh
{ echo 50000 >/proc/self/timerslack_ns; } 2>/dev/null
exec "$@"
"""

# IceWM shows a button without a picture, and without its label, where no icon has that name. It brings this one itself.
_TERMINAL_ICON = "xterm"

# The native tools in the menu, with their labels. The Python that has CASA starts them.
TOOLS = {
    "casaviewer": "Viewer (casaviewer)",
    "casaplotms": "Plot visibilities (casaplotms)",
    "casalogger": "Log (casalogger)",
    "casatablebrowser": "Table browser (casatablebrowser)",
    "casafeather": "Feather (casafeather)",
}


class MenuEntry(NamedTuple):
    """One program in the menu.

    Attributes:
        label: the text in the menu.
        icon: the name of an icon, or ``-`` for none.
        argv: the command line.
    """

    label: str
    icon: str
    argv: Tuple[str, ...]


def preferences(scale: float = 1) -> str:
    """Return the text of ``preferences``: a simple task bar, focus by click, a plain background.

    Args:
        scale: the factor for all sizes except those of fonts, which depend on X's resource Xft.dpi.
    """
    if scale == 1:
        return PREFERENCES
    sizes = "".join(f"{name}={round(size * scale)}\n" for name, size in _ICON_SIZES.items())
    return PREFERENCES.replace('"casa/', f'"{theme_name(scale)}/') + sizes


def theme_name(scale: float) -> str:
    """Return the name of the theme's folder for a scale."""
    return "casa" if scale == 1 else f"casa-{scale:g}"


def scaled_theme(text: str, scale: float) -> str:
    """Return the text of ``default.theme`` with all sizes multiplied."""
    return _SIZE.sub(lambda found: f"{found[1]}{round(int(found[2]) * scale)}", text)


def scaled_xpm(text: str, scale: float) -> str:
    """Return a picture in the format XPM 3, scaled; the picture must use one character per colour."""
    head, *rows = text.split('"')[1::2]
    width, height, colours = map(int, head.split()[:3])
    pixels = rows[colours:]
    across, down = ([int(number / scale) for number in range(round(size * scale))] for size in (width, height))
    grown = ["".join(pixels[row][column] for column in across) for row in down]
    lines = [f"{len(across)} {len(down)} {colours} 1", *rows[:colours], *grown]
    return "/* XPM */\nstatic char *scaled[] = {\n" + ",\n".join(f'"{line}"' for line in lines) + "\n};\n"


def menu(tools: Sequence[MenuEntry], others: Sequence[MenuEntry]) -> str:
    """Return the text of ``menu``: CASA's tools, a separator, other programs."""
    return "\n".join([*map(_program, tools), "separator", *map(_program, others), ""])


def toolbar(entries: Sequence[MenuEntry]) -> str:
    """Return the text of ``toolbar``: the buttons next to the menu."""
    return "\n".join([*map(_program, entries), ""])


def keys(terminal: Sequence[str]) -> str:
    """Return the text of ``keys``: the one that opens a terminal, which replaces IceWM's own list of programs."""
    return f'key "Alt+Ctrl+t" {_words(terminal)}\n'


def _program(entry: MenuEntry) -> str:
    return f'prog "{entry.label}" {entry.icon} {_words(entry.argv)}'


def _words(argv: Sequence[str]) -> str:
    # IceWM splits the command by its own rules, with only double quotes and backslashes. A word that a shell accepts
    # without quotes needs neither.
    return " ".join(map(_word, argv))


def _word(word: str) -> str:
    if shlex.quote(word) == word:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def window_manager_command(
    program: str, *, config: Path, display: str, xauthority: Path, env: Mapping[str, str]
) -> Command:
    """Build the command line of one of IceWM's programs; it reads its files from the folder ``config``."""
    own = {"ICEWM_PRIVCFG": str(config), **display_environment(display, xauthority)}
    # Not ``icewm-session``: it would also start a background setter, a tray and sounds.
    return Command((program,), {**for_desktop(env), **own})


def display_environment(display: str, xauthority: Path) -> dict[str, str]:
    """Return the variables with which an X program finds the desktop."""
    return {"DISPLAY": display, "XAUTHORITY": str(xauthority)}


def write_files(at: Places, tools_python: str) -> None:
    """Write IceWM's configuration files to the desktop's folder, for scale 1.

    Args:
        at: the desktop's paths.
        tools_python: the Python whose CASA the menu starts; empty for this Python.

    Raises:
        OSError: there is no space.
    """
    start = ("/bin/sh", str(at.icewm / "start"))
    python = (*start, *((tools_python,) if tools_python else finding(sys.executable)))
    tools = [
        MenuEntry(label, "-", (*python, *module(names.TOOLS_PROGRAM), "run", tool)) for tool, label in TOOLS.items()
    ]
    terminal = MenuEntry("Terminal", _TERMINAL_ICON, (*start, "xterm", "-fa", "Monospace", "-fs", "11"))
    folder = themes(at)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / theme_name(1)).symlink_to(THEME_FOLDER)
    (at.icewm / "preferences").write_text(preferences(), encoding="utf-8")
    (at.icewm / "menu").write_text(menu(tools, [terminal]), encoding="utf-8")
    (at.icewm / "toolbar").write_text(toolbar([terminal]), encoding="utf-8")
    (at.icewm / "keys").write_text(keys((*start, "x-terminal-emulator")), encoding="utf-8")
    (at.icewm / "start").write_text(_START, encoding="utf-8")


def was_scaled(at: Places) -> bool:
    """Return whether the desktop has ever had another scale than 1; then a theme for that scale exists.

    Raises:
        OSError: the desktop has ended.
    """
    return any(each.name != theme_name(1) for each in themes(at).iterdir())


def themes(at: Places) -> Path:
    """Return the folder of the window manager's themes, one per scale."""
    return at.icewm / "themes"
