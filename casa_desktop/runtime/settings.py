"""Build command lines from settings. This module runs no program and reads no file."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from .. import names
from ..errors import InvalidSetting
from ..system.environment import for_desktop
from ..system.process import Command

_GEOMETRY = re.compile(r"[1-9][0-9]{2,4}x[1-9][0-9]{2,4}")


@dataclass(frozen=True)
class Settings:
    """The user's choices for a desktop.

    Attributes:
        geometry: first size of the desktop in pixels, ``WIDTHxHEIGHT``; a page resizes the desktop to its own size.
        frame_rate: the largest number of updates per second that Xvnc sends. It limits the latency: from a click to the
            changed pixel took 11.5 ms at 60, 6.6 ms at 120, 5.0 ms at 240 and 3.8 ms at 400, because Xvnc waits half a
            frame after the first change (TigerVNC 1.12).
        dpi: the resolution that X reports to programs, in dots per inch.
        tools_python: the Python whose CASA the desktop's menu starts; empty for the supervisor's Python.
        opengl: whether programs on the desktop can use OpenGL, which needs about 50 MB more; CASA's tools do not.
        idle_minutes: the desktop is stopped after this time without a view, input or work, in minutes; 0 for never.
        display: number of the X display. None lets Xvnc find a free number, which fails in a container that sees only
            some of the machine's displays.

    Raises:
        InvalidSetting: a value is out of range or has the wrong form.
    """

    geometry: str = "1600x900"
    frame_rate: int = 240
    dpi: int = 96
    tools_python: str = ""
    opengl: bool = False
    idle_minutes: float = 0.0
    display: Optional[int] = None

    def __post_init__(self) -> None:
        if not _GEOMETRY.fullmatch(self.geometry):
            raise InvalidSetting("geometry", self.geometry, "WIDTHxHEIGHT in pixels, like 1600x900")
        if not 1 <= self.frame_rate <= 1000:
            raise InvalidSetting("frame_rate", self.frame_rate, "between 1 and 1000 per second")
        if not 30 <= self.dpi <= 600:
            raise InvalidSetting("dpi", self.dpi, "between 30 and 600 dots per inch")
        # It becomes part of a line in the window manager's menu.
        if not (self.tools_python + "x").isprintable():
            raise InvalidSetting("tools_python", self.tools_python, "the path of a Python, in one line")
        # At most a year. (X counts idle time up to 49 days, then starts again at 0.) NaN fails this test, too.
        if not 0 <= self.idle_minutes <= 525_600:
            raise InvalidSetting("idle_minutes", self.idle_minutes, "a number of minutes, or 0 for never")
        # If TCP is allowed, X listens on port 6000 + number.
        if self.display is not None and not 0 <= self.display <= 59_535:
            raise InvalidSetting("display", self.display, "a number from 0 to 59535")


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Return the settings for desktops that a kernel or the command line starts.

    Raises:
        InvalidSetting: ``CASA_DESKTOP_IDLE_MINUTES`` is set, but is not a number of minutes.
    """
    told = environ.get(names.IDLE_MINUTES) or "0"
    try:
        return Settings(idle_minutes=float(told))
    except ValueError:
        raise InvalidSetting(names.IDLE_MINUTES, told, "a number of minutes, or 0 for never") from None


def x_server_command(
    program: str,
    settings: Settings,
    *,
    title: str,
    xauthority: Path,
    rfb_socket: Path,
    display_fd: int,
    env: Mapping[str, str],
) -> Command:
    """Build the command line of Xvnc.

    Args:
        program: path of Xvnc.
        settings: the user's choices.
        title: the desktop's name as VNC viewers show it.
        xauthority: path of the cookie file; without a cookie any local user could view the display.
        rfb_socket: path of the socket on which Xvnc listens; at most 107 bytes.
        display_fd: an inherited descriptor to which Xvnc writes the number of its display.
        env: the environment from which that of Xvnc is made.
    """
    argv = (
        program,
        # Without a number Xvnc selects a free one itself: fixed numbers collide, above all if
        # containers share /tmp. With a given number, Xvnc still writes it when it is ready.
        *(() if settings.display is None else (f":{settings.display}",)),
        *("-displayfd", str(display_fd)),
        *("-auth", str(xauthority)),
        *("-rfbunixpath", str(rfb_socket), "-rfbunixmode", "0600"),
        # With 0 or without this option, Xvnc 1.12 also listens on port 5900+N of every interface.
        *("-rfbport", "-1"),
        # The socket is in a folder of mode 0700, so only the user can open it.
        *("-SecurityTypes", "None"),
        # All clients of a unix socket share one address, so a few probes would lock out all clients.
        "-UseBlacklist=0",
        *("-nolisten", "tcp"),
        "-AlwaysShared=1",
        # Only errors. Otherwise each view adds 600 bytes to the log, which is often in memory.
        "-Log=*:stderr:0",
        # Without it X resets whenever its last client disconnects.
        "-noreset",
        # No screen saver: a page that reconnects shows the picture as it was.
        *("-s", "0", "-dpms"),
        # The extension GLX loads Mesa and LLVM, 50 MB in all (Xvnc 1.12), and CASA's tools draw without OpenGL.
        *(() if settings.opengl else ("-extension", "GLX")),
        *("-geometry", settings.geometry, "-depth", "24", "-dpi", str(settings.dpi)),
        *("-FrameRate", str(settings.frame_rate)),
        *("-desktop", title),
    )
    return Command(argv, for_desktop(env))


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


# The exit status of the screenshot program if no window matches.
NO_SUCH_WINDOW = 2


def picture_command(word: str = "") -> list[str]:
    """Return the command line that takes a screenshot; ``word`` is an argument of ``x11.screenshot_program``."""
    return [sys.executable, "-m", names.SCREENSHOT, *([word] if word else [])]


def scale_command(name: str, ratio: float) -> list[str]:
    """Return the command line that draws the windows of the desktop ``name`` ``ratio`` times as large."""
    return [sys.executable, "-m", names.SCALE, name, f"{ratio:g}"]
