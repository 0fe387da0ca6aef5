"""A user's choices for a desktop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Mapping, Optional

from .. import names
from ..errors import InvalidSetting

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
