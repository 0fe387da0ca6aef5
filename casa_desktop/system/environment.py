"""Remove variables that programs on our desktops, and CASA's tools, must not inherit from Jupyter's environment.

The windows of these programs appear only on our desktop. The variables that the user's own desktop, input method or
module system sets are meant for other programs, and for libraries other than those that the tools contain.
"""

from __future__ import annotations

import re
import shlex
from typing import Dict, Iterable, Mapping

# Patterns of names, and what the variables are. Seen with casaviewer 2.4.4, casaplotms 2.9.1 and IceWM 3.3:
# QT_QPA_PLATFORMTHEME=gtk3 ends the tools; qt6ct as a theme, QT_STYLE_OVERRIDE, QT_FONT_DPI, QT_SCALE_FACTOR,
# QT_SCREEN_SCALE_FACTORS, QT_USE_PHYSICAL_DPI and XDG_CURRENT_DESKTOP=GNOME change how the tools look; FONTCONFIG_FILE
# changes how the tools look, and IceWM has no windows with it. The other variables are removed for the same reason.
OF_DESKTOPS = {
    r"DISPLAY|XAUTHORITY|WAYLAND_\w+": "other displays",
    r"QT_\w+|QML\w*|QSG_\w+": "Qt's settings for other programs: themes, styles and sizes, plug-ins of another Qt",
    r"GTK\w*|GDK_\w+|GNOME_\w+|KDE_\w+|XCURSOR_\w+": "another desktop's looks",
    r"XDG_CURRENT_DESKTOP|XDG_SESSION_\w+|DESKTOP_SESSION": "another desktop's name, by which themes are chosen",
    r"DBUS_SESSION_BUS_ADDRESS|SESSION_MANAGER|AT_SPI_BUS\w*": "another session's servers, which may be gone",
    r"XMODIFIERS|IBUS_\w+|CLUTTER_IM_MODULE": "input methods that do not run on our desktop",
    r"FONTCONFIG_\w+": "the fonts of Conda's own fontconfig",
}
# Removed only for the tools, because a user may need these in a terminal. PERL5OPT=-MNoSuchModule ended the tools.
OF_THE_MACHINE = {
    # The tools find their libraries without help, but a script for the system's Perl starts them.
    r"LD_LIBRARY_PATH|PERL\w+": "libraries of Conda or of modules, for another Perl",
    # gRPC would send the messages from the tools to the kernel through a proxy.
    r"(?i:(grpc|https?|ftp|all)_proxy)": "proxies: the tools fetch nothing",
    r"GRPC_(VERBOSITY|TRACE)": "a flood into the file with the tools' last words",
    # CASA's launchers remove these, too.
    r".*MPI.*": "under mpicasa the tools would take themselves for workers",
}


def for_desktop(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment for programs on our desktop; the caller adds the display."""
    return _without(environ, OF_DESKTOPS)


def for_tools(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment for CASA's tools; the caller adds the display."""
    return _without(environ, {**OF_DESKTOPS, **OF_THE_MACHINE})


def _without(environ: Mapping[str, str], patterns: Iterable[str]) -> Dict[str, str]:
    # Compiled at use, not at import: most of the processes that import this start no program.
    unwanted = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return {name: value for name, value in environ.items() if not unwanted.fullmatch(name)}


def shell_lines(environ: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Return shell commands that change the environment from ``environ`` to ``wanted``.

    They contain only what changes, because they are stored in a file and some values are secrets.
    """
    lines = [f"unset {name}" for name in sorted(environ) if name not in wanted and name.isidentifier()]
    changed = {name: value for name, value in wanted.items() if environ.get(name) != value}
    return "\n".join([*lines, *(f"export {name}={shlex.quote(value)}" for name, value in changed.items())])
