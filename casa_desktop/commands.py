"""Settings in, command lines out: nothing here runs a program or reads a file."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Tuple

from .errors import InvalidSetting
from .inherited import for_desktop

_GEOMETRY = re.compile(r"[1-9][0-9]{2,4}x[1-9][0-9]{2,4}")


@dataclass(frozen=True)
class Settings:
    """What a user may choose about a desktop.

    Attributes:
        geometry: first size of the desktop in pixels, ``WIDTHxHEIGHT``; a page resizes it to its own.
        frame_rate: the most updates per second that Xvnc sends. It sets the floor of the latency: a
            click took 11.5 ms to become a pixel at 60, 6.6 ms at 120, 5.0 ms at 240 and 3.8 ms at 400,
            for Xvnc waits half a frame after the first change (TigerVNC 1.12).
        dpi: what X tells programs about the size of a pixel, in dots per inch.
        tools_python: the Python whose CASA the desktop's menu starts; empty for the supervisor's own.
        opengl: whether programs on the desktop can use OpenGL, which takes about 50 MB more; CASA's tools do not.
        idle_minutes: after so many minutes without a view, input or work the desktop is stopped; 0 for never.
        display: X's number for it; None lets Xvnc find a free one, which it cannot from within a container that
            sees the other displays of the machine only in part.

    Raises:
        InvalidSetting: a value is out of range or of the wrong form.
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
        # It becomes a word of a line in the window manager's menu.
        if not (self.tools_python + "x").isprintable():
            raise InvalidSetting("tools_python", self.tools_python, "the path of a Python, in one line")
        # A year; X counts to 49 days, and starts anew then. Not a number fails here, too.
        if not 0 <= self.idle_minutes <= 525_600:
            raise InvalidSetting("idle_minutes", self.idle_minutes, "a number of minutes, or 0 for never")
        # X listens on port 6000 + number where it may.
        if self.display is not None and not 0 <= self.display <= 59_535:
            raise InvalidSetting("display", self.display, "a number from 0 to 59535")


IDLE_VARIABLE = "CASA_DESKTOP_IDLE_MINUTES"


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Return the choices for desktops that a kernel or the command line starts.

    Raises:
        InvalidSetting: ``CASA_DESKTOP_IDLE_MINUTES`` is set, and is no number of minutes.
    """
    told = environ.get(IDLE_VARIABLE) or "0"
    try:
        return Settings(idle_minutes=float(told))
    except ValueError:
        raise InvalidSetting(IDLE_VARIABLE, told, "a number of minutes, or 0 for never") from None


@dataclass(frozen=True)
class Command:
    """A program to run.

    Attributes:
        argv: the program's path and its arguments.
        env: the whole environment that it gets.
    """

    argv: Tuple[str, ...]
    env: Mapping[str, str]


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
        program: the path of Xvnc.
        settings: the user's choices.
        title: the desktop's name as VNC viewers show it.
        xauthority: the cookie file; without it any local user could look at the display.
        rfb_socket: where Xvnc shall listen; at most 107 bytes.
        display_fd: an inherited descriptor to which Xvnc writes the display number that it took.
        env: the environment to start from.
    """
    argv = (
        program,
        # Xvnc picks a free display number by itself: fixed numbers collide, above all where
        # containers share /tmp. Where it cannot, it is told one, and still says when it is ready.
        *(() if settings.display is None else (f":{settings.display}",)),
        *("-displayfd", str(display_fd)),
        *("-auth", str(xauthority)),
        *("-rfbunixpath", str(rfb_socket), "-rfbunixmode", "0600"),
        # With 0, or without the option, Xvnc 1.12 also listens on port 5900+N of every interface.
        *("-rfbport", "-1"),
        # The socket lies in a 0700 folder; whoever can open it is the user.
        *("-SecurityTypes", "None"),
        # All clients of a unix socket share one address, so a few probes would lock everybody out.
        "-UseBlacklist=0",
        *("-nolisten", "tcp"),
        "-AlwaysShared=1",
        # Errors alone. It would write 600 bytes for every view that comes and goes, into what often is memory.
        "-Log=*:stderr:0",
        # Without it X starts afresh whenever its last client leaves.
        "-noreset",
        # No screen saver: a page that comes back finds the picture as it was.
        *("-s", "0", "-dpms"),
        # OpenGL's part of X brings Mesa and LLVM along, 50 MB of them (Xvnc 1.12), and CASA's tools draw without it.
        *(() if settings.opengl else ("-extension", "GLX")),
        *("-geometry", settings.geometry, "-depth", "24", "-dpi", str(settings.dpi)),
        *("-FrameRate", str(settings.frame_rate)),
        *("-desktop", title),
    )
    return Command(argv, for_desktop(env))


def window_manager_command(
    program: str, *, config: Path, display: str, xauthority: Path, env: Mapping[str, str]
) -> Command:
    """Build the command line of one of IceWM's programs, which read their files from ``config``."""
    own = {"ICEWM_PRIVCFG": str(config), **display_environment(display, xauthority)}
    # ``icewm`` alone: ``icewm-session`` would add a background setter, a tray and sounds.
    return Command((program,), {**for_desktop(env), **own})


def display_environment(display: str, xauthority: Path) -> dict[str, str]:
    """Return the variables by which an X program finds the desktop."""
    return {"DISPLAY": display, "XAUTHORITY": str(xauthority)}


# The exit status of the program that takes pictures when no window is called as was asked.
NO_SUCH_WINDOW = 2


def picture_command(word: str = "") -> list[str]:
    """Return the command line that takes a picture of a display; ``picture`` says what ``word`` may be."""
    return [sys.executable, "-m", "casa_desktop.picture", *([word] if word else [])]


def scale_command(name: str, ratio: float) -> list[str]:
    """Return the command line that has the windows of the desktop ``name`` drawn ``ratio`` times as large."""
    return [sys.executable, "-m", "casa_desktop.scale", name, f"{ratio:g}"]
