"""What programs on our desktops, and CASA's tools, do not inherit of the environment in which Jupyter was started.

Their windows are on our desktop or nowhere. What the user's own desktop, input method or module system sets for its
programs is meant for those, and for other libraries than the tools bring with them.
"""

from __future__ import annotations

import re
import shlex
from typing import Dict, Mapping

# Patterns of names, and what they are. As seen with casaviewer 2.4.4, casaplotms 2.9.1 and IceWM 3.3:
# QT_QPA_PLATFORMTHEME=gtk3 ends the tools; qt6ct as a theme, QT_STYLE_OVERRIDE, QT_FONT_DPI, QT_SCALE_FACTOR,
# QT_SCREEN_SCALE_FACTORS, QT_USE_PHYSICAL_DPI and XDG_CURRENT_DESKTOP=GNOME change their pictures; FONTCONFIG_FILE
# changes their pictures and leaves IceWM without windows. All else here is foreign by the same right.
OF_DESKTOPS = {
    r"DISPLAY|XAUTHORITY|WAYLAND_\w+": "other displays",
    r"QT_\w+|QML\w*|QSG_\w+": "Qt's settings for other programs: themes, styles and sizes, plug-ins of another Qt",
    r"GTK\w*|GDK_\w+|GNOME_\w+|KDE_\w+|XCURSOR_\w+": "another desktop's looks",
    r"XDG_CURRENT_DESKTOP|XDG_SESSION_\w+|DESKTOP_SESSION": "another desktop's name, by which themes are chosen",
    r"DBUS_SESSION_BUS_ADDRESS|SESSION_MANAGER|AT_SPI_BUS\w*": "another session's servers, which may be gone",
    r"XMODIFIERS|IBUS_\w+|CLUTTER_IM_MODULE": "input methods that do not run on our desktop",
    r"FONTCONFIG_\w+": "the fonts of Conda's own fontconfig",
}
# For the tools alone: what a user may need in a terminal. PERL5OPT=-MNoSuchModule ended them.
OF_THE_MACHINE = {
    # The tools find their libraries by themselves, but are started by a script for the system's Perl.
    r"LD_LIBRARY_PATH|PERL\w+": "libraries of Conda or of modules, for another Perl",
    # gRPC would take to a proxy what the tools say to the kernel.
    r"(?i:(grpc|https?|ftp|all)_proxy)": "proxies: the tools fetch nothing",
    r"GRPC_(VERBOSITY|TRACE)": "a flood into the file with the tools' last words",
    # CASA's launchers leave these out, too.
    r".*MPI.*": "under mpicasa the tools would take themselves for workers",
}


def _pattern(*tables: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for table in tables for pattern in table))


_NOT_ON_A_DESKTOP, _NOT_FOR_TOOLS = _pattern(OF_DESKTOPS), _pattern(OF_DESKTOPS, OF_THE_MACHINE)


def for_desktop(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables for programs on a desktop of ours; which display that is, is yet to be added."""
    return {name: value for name, value in environ.items() if not _NOT_ON_A_DESKTOP.fullmatch(name)}


def for_tools(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables for CASA's tools; which display they have, is yet to be added."""
    return {name: value for name, value in environ.items() if not _NOT_FOR_TOOLS.fullmatch(name)}


def shell_lines(environ: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Return the lines by which a shell that starts with ``environ`` comes to have ``wanted``.

    What does not change is not in them: some values are secrets, and the lines are kept in a file.
    """
    lines = [f"unset {name}" for name in sorted(environ) if name not in wanted and name.isidentifier()]
    changed = {name: value for name, value in wanted.items() if environ.get(name) != value}
    return "\n".join([*lines, *(f"export {name}={shlex.quote(value)}" for name, value in changed.items())])
