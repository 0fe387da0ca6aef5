"""A user's choices for a desktop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, TypeVar

from .. import names
from ..errors import InvalidSetting

N = TypeVar("N")
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
        lifetime_minutes: the desktop is ended after this time, used or not, in minutes; 0 for never.
        most_desktops: it is not started where so many desktops of the user run; 0 for any number.
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
    lifetime_minutes: float = 0.0
    most_desktops: int = 0

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
        if not 0 <= self.lifetime_minutes <= 525_600:
            raise InvalidSetting("lifetime_minutes", self.lifetime_minutes, "a number of minutes, or 0 for no limit")
        if self.most_desktops < 0:
            raise InvalidSetting("most_desktops", self.most_desktops, "a number of desktops, or 0 for no limit")
        # If TCP is allowed, X listens on port 6000 + number.
        if self.display is not None and not 0 <= self.display <= 59_535:
            raise InvalidSetting("display", self.display, "a number from 0 to 59535")


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Return the settings for desktops that a kernel or the command line starts.

    Raises:
        InvalidSetting: one of the variables is set, but is not a number as it should be.
    """
    return Settings(
        idle_minutes=_number(environ, names.IDLE_MINUTES, float, "a number of minutes, or 0 for never"),
        lifetime_minutes=_number(environ, names.LIFETIME_MINUTES, float, "a number of minutes, or 0 for no limit"),
        most_desktops=_number(environ, names.MOST_DESKTOPS, int, "a number of desktops, or 0 for no limit"),
    )


def _number(environ: Mapping[str, str], name: str, kind: Callable[[str], N], expected: str) -> N:
    value = environ.get(name) or "0"
    try:
        return kind(value)
    except ValueError:
        raise InvalidSetting(name, value, expected) from None
