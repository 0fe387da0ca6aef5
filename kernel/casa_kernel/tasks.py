"""The tasks that draw, one row each: what they read, how they are told to draw without a window, and where to.

What differs between tasks stands here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Tuple

from .checks import CALIBRATION, FITS, IMAGE, MEASUREMENT_SET, MIRIAD, RESTORE

_IMAGES = (IMAGE, FITS, MIRIAD)


@dataclass(frozen=True)
class Input:
    """A parameter that names something on disk.

    Attributes:
        parameter: its name.
        kinds: what may be there, of ``checks.kind_of``.
    """

    parameter: str
    kinds: Tuple[str, ...]


@dataclass(frozen=True)
class DrawingTask:
    """One task that draws.

    Attributes:
        name: its name in CASA.
        tool: the native tool that does the work, which is the package's name too.
        inputs: its parameters that name something on disk.
        picture: the parameter that makes it write a picture.
        window: CASA's own parameter that says whether there is a window, or empty.
        as_png: what else makes that picture a PNG that replaces an older one.
    """

    name: str
    tool: str
    inputs: Tuple[Input, ...]
    picture: str
    window: str = ""
    as_png: Mapping[str, Any] = field(default_factory=dict)

    def fixed(self, live: bool) -> Dict[str, Any]:
        """Return the arguments that put the task into its mode."""
        return {self.window: live} if self.window else {}

    def capture(self, path: str) -> Dict[str, Any]:
        """Return the arguments that make the task draw into the file ``path``, as PNG."""
        return {self.picture: path, **self.as_png}


DRAWING_TASKS: Tuple[DrawingTask, ...] = (
    DrawingTask(
        name="viewer",
        tool="casaviewer",
        inputs=(Input("infile", (*_IMAGES, MEASUREMENT_SET, RESTORE)),),
        picture="outfile",
        window="gui",
        as_png={"outformat": "png"},
    ),
    DrawingTask(
        name="imview",
        tool="casaviewer",
        inputs=(Input("raster", _IMAGES), Input("contour", _IMAGES)),
        picture="out",
    ),
    DrawingTask(
        name="msview",
        tool="casaviewer",
        inputs=(Input("infile", (MEASUREMENT_SET,)),),
        picture="outfile",
        window="gui",
        as_png={"outformat": "png"},
    ),
    DrawingTask(
        name="plotms",
        tool="casaplotms",
        inputs=(Input("vis", (MEASUREMENT_SET, CALIBRATION)), Input("caltable", (CALIBRATION,))),
        picture="plotfile",
        window="showgui",
        as_png={"expformat": "png", "overwrite": True},
    ),
)

# Tasks that open casaviewer's mask editor when they are called with interactive=True, and what they read.
INTERACTIVE_TASKS: Mapping[str, Tuple[Input, ...]] = {
    "tclean": (Input("vis", (MEASUREMENT_SET,)),),
    "deconvolve": (),
    "sdintimaging": (Input("vis", (MEASUREMENT_SET,)),),
}

# All names for which %casa_mode has a meaning.
NAMES: Tuple[str, ...] = (*(task.name for task in DRAWING_TASKS), "casalogger")
