"""All tasks that draw, open a window or write plots in CASA 6.4 to 6.7, one row each.

A row contains what a task reads, and how and into which file it draws without a window; or why it needs a window. All
differences between tasks are in these rows. A test compares them with the installed CASA.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Tuple

from ..checks.inputs import CALIBRATION, FITS, IMAGE, MEASUREMENT_SET, MIRIAD, RESTORE, TABLES

_IMAGES = (IMAGE, FITS, MIRIAD)


@dataclass(frozen=True)
class Input:
    """A parameter that names a file or table.

    Attributes:
        parameter: its name.
        kinds: the kinds that it accepts, of ``checks.inputs.kind_of``.
    """

    parameter: str
    kinds: Tuple[str, ...]


@dataclass(frozen=True)
class DrawingTask:
    """One task that draws with a native tool.

    Attributes:
        name: its name in CASA.
        tool: the native tool that does the work, and the name of its package.
        inputs: its parameters that name files or tables.
        picture: the parameter that makes it write a picture.
        window: CASA's own parameter that decides whether there is a window, or empty.
        as_png: further arguments that make that picture a PNG which replaces an older one.
        scale: the parameter that enlarges the picture with all that is in it, or empty. plotms has none: its width and
            height do not change the letters.
        in_dictionary: file, format and scale are entries of a dictionary, the value of ``picture``.
        pages_with: the parameter that gives its plot several pages, or empty.
        pages: the arguments that make it write all pages, where it writes only one by default.
        flags: data can be flagged in its window, which logs it.
    """

    name: str
    tool: str
    inputs: Tuple[Input, ...]
    picture: str
    window: str = ""
    as_png: Mapping[str, Any] = field(default_factory=dict)
    scale: str = ""
    in_dictionary: bool = False
    pages_with: str = ""
    pages: Mapping[str, Any] = field(default_factory=dict)
    flags: bool = False

    def fixed(self, live: bool) -> Dict[str, Any]:
        """Return the arguments that select the task's mode."""
        return {self.window: live} if self.window else {}

    def capture(self, path: str, ratio: float) -> Dict[str, Any]:
        """Return the arguments that make the task draw into the file ``path``, as PNG.

        Args:
            path: the file.
            ratio: the picture's pixels for each CSS pixel, if the task can scale it.
        """
        scale = {self.scale: ratio} if self.scale else {}
        if self.in_dictionary:
            return {self.picture: {"file": path, **self.as_png, **scale}}
        return {self.picture: path, **self.as_png, **scale}


@dataclass(frozen=True)
class FigureTask:
    """One task that draws with matplotlib.

    Attributes:
        name: its name in CASA.
        inputs: its parameters that name files or tables.
        draws_with: the values of parameters with which it draws; with others the kernel does not change it.
        window: CASA's own parameter that decides whether there is a window, or empty.
        fixed: arguments that keep it from opening windows and from waiting for a key.
        output: the parameter that names the file that it writes for the user, or empty.
        file: the parameter without which it draws nothing, or empty; it gets a scratch file.
        with_file: further arguments in that case.
        without: the subtable of its first input without which it draws nothing, and what it does then; or empty.
        spectral_last: its first input is a cube in which the two directions must come first and the spectral axis last.
    """

    name: str
    inputs: Tuple[Input, ...] = ()
    draws_with: Mapping[str, Tuple[Any, ...]] = field(default_factory=dict)
    window: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    file: str = ""
    with_file: Mapping[str, Any] = field(default_factory=dict)
    without: Tuple[str, ...] = ()
    spectral_last: bool = False


@dataclass(frozen=True)
class WindowTask:
    """One task that only opens the window of a native tool.

    Attributes:
        name: its name in CASA.
        tool: the native tool, and the name of its package.
        argument: the parameter that is the tool's command line, or empty.
        inputs: its parameters that name files or tables.
        why: why there is no picture of it, for the user.
    """

    name: str
    tool: str
    argument: str
    inputs: Tuple[Input, ...]
    why: str


@dataclass(frozen=True)
class InteractiveTask:
    """One task that waits for the user at a window of a native tool.

    Attributes:
        name: its name in CASA.
        tool: the native tool.
        switch: the parameter that makes it wait, by being true or not empty.
        inputs: its parameters that name files or tables.
        advice: what the user should do in the window.
        at_least: a parameter and its least value for which the task waits; or empty.
    """

    name: str
    tool: str
    switch: str
    inputs: Tuple[Input, ...]
    advice: str
    at_least: Tuple[Any, ...] = ()


DRAWING_TASKS: Tuple[DrawingTask, ...] = (
    DrawingTask(
        name="viewer",
        tool="casaviewer",
        inputs=(Input("infile", (*_IMAGES, MEASUREMENT_SET, RESTORE)),),
        picture="outfile",
        window="gui",
        as_png={"outformat": "png"},
        scale="outscale",
    ),
    DrawingTask(
        name="imview",
        tool="casaviewer",
        inputs=(Input("raster", _IMAGES), Input("contour", _IMAGES)),
        picture="out",
        as_png={"format": "png"},
        scale="scale",
        in_dictionary=True,
    ),
    DrawingTask(
        name="msview",
        tool="casaviewer",
        inputs=(Input("infile", (MEASUREMENT_SET,)),),
        picture="outfile",
        window="gui",
        as_png={"outformat": "png"},
        scale="outscale",
    ),
    DrawingTask(
        name="plotms",
        tool="casaplotms",
        inputs=(Input("vis", (MEASUREMENT_SET, CALIBRATION)), Input("caltable", (CALIBRATION,))),
        picture="plotfile",
        window="showgui",
        as_png={"expformat": "png", "overwrite": True},
        pages_with="iteraxis",
        pages={"exprange": "all"},
        flags=True,
    ),
)

_GRAPHICS = {"graphics": ("screen", "file", "both")}

FIGURE_TASKS: Tuple[FigureTask, ...] = (
    FigureTask(
        "plotants", (Input("vis", (MEASUREMENT_SET,)),), window="showgui", fixed={"showgui": False}, output="figfile"
    ),
    FigureTask(
        "plotbandpass",
        (Input("caltable", (CALIBRATION,)),),
        # Interactive, it waits in input() after each page; not interactive, it insists on a file.
        fixed={"interactive": False},
        output="figfile",
        file="figfile",
        with_file={"buildpdf": False, "figfileSequential": False},
    ),
    FigureTask(
        "plotweather",
        (Input("vis", (MEASUREMENT_SET,)),),
        draws_with={"doPlot": (True,)},
        output="plotName",
        without=("WEATHER", "it draws nothing, and returns the opacities of its seasonal model; that takes a minute"),
    ),
    FigureTask("plotprofilemap", (Input("imagename", (IMAGE, FITS)),), output="figfile", spectral_last=True),
    FigureTask("flagcmd", (Input("vis", (MEASUREMENT_SET, CALIBRATION)),), draws_with={"action": ("plot",)}),
    FigureTask("simobserve", draws_with=_GRAPHICS),
    FigureTask("simalma", draws_with=_GRAPHICS),
    FigureTask("simanalyze", draws_with=_GRAPHICS),
    # CASA 6.7.2 and later.
    FigureTask("msuvbinflag", (Input("binnedvis", (MEASUREMENT_SET,)),), draws_with={"doplot": (True,)}),
)

WINDOW_TASKS: Tuple[WindowTask, ...] = (
    WindowTask(
        "browsetable",
        "casatablebrowser",
        "tablename",
        (Input("tablename", TABLES),),
        "a table is browsed, not drawn; the tool tb reads it in the cell",
    ),
    WindowTask(
        "casafeather", "casafeather", "", (), "its images are chosen in its window; feather combines them without"
    ),
)

_MASK_EDITOR = (
    "drag a box there with the right mouse button and double-click in it with the same button, "
    "then press the blue arrow to go on, or the red cross to stop."
)
# casaplotserver 2.1 does not end by itself when Quit or Stop Display is pressed, and CASA waits for its end.
_FLAG_DISPLAY = "look through the data with the buttons below the plot, then close the window to go on."

INTERACTIVE_TASKS: Tuple[InteractiveTask, ...] = (
    InteractiveTask(
        "tclean", "casaviewer", "interactive", (Input("vis", (MEASUREMENT_SET,)),), _MASK_EDITOR, ("niter", 1)
    ),
    InteractiveTask("deconvolve", "casaviewer", "interactive", (), _MASK_EDITOR),
    InteractiveTask("sdintimaging", "casaviewer", "interactive", (Input("vis", (MEASUREMENT_SET,)),), _MASK_EDITOR),
    InteractiveTask("simanalyze", "casaviewer", "interactive", (), _MASK_EDITOR),
    InteractiveTask(
        "flagdata", "casaplotserver", "display", (Input("vis", (MEASUREMENT_SET, CALIBRATION)),), _FLAG_DISPLAY
    ),
)

# All names for which %casa_mode has a meaning.
NAMES: Tuple[str, ...] = (
    *(task.name for task in DRAWING_TASKS),
    *(task.name for task in FIGURE_TASKS),
    *(task.name for task in WINDOW_TASKS),
    "casalogger",
)
