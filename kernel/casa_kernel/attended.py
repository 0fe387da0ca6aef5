"""Know when an interactive task goes on without the window that it should wait at, whatever called it.

CASA's C++ (casatools 6.4 to 6.7, ``synthesis/ImagerObjects/grpcInteractiveClean.cc``) writes "Viewer GUI Not Available"
into the log then and answers 0 for the image; the imaging tasks take that for an empty mask, and end well with nothing
cleaned. ``flagdata`` ends well, too, or writes its log for ever (``flagging/Flagging/grpcFlagAgentDisplay.cc``). So the
tools themselves are asked here, which every way to these windows goes through: CASA's own tasks, tasks that call
others, scripts that are made of CASA's imager classes.

This imports nothing that takes long: processes without a kernel use it too.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable

from . import imports

# The wheel's flag display has two sorts of plots.
_DISPLAYS = ("datadisplay", "reportdisplay")


def watch_cleaning(missed: Callable[[], None]) -> None:
    """Have ``missed`` called when the mask editor has not answered for an image; it may raise what it likes."""

    def change(module: ModuleType) -> None:
        tool = module.iterbotsink
        original = tool.pauseforinteraction

        @functools.wraps(original)
        def pauseforinteraction(self: Any) -> Any:
            codes = original(self)
            # Else 1 is to go on, 2 to go on without asking again, 3 to stop; negative where the mask has changed.
            if not codes or 0 in codes.values():
                missed()
            return codes

        _put(tool, pauseforinteraction)

    imports.after("casatools.iterbotsink", change)


def watch_flagging(check: Callable[[], None]) -> None:
    """Have ``check`` called before a flag display is prepared; it may raise what it likes."""

    def change(module: ModuleType) -> None:
        tool = module.agentflagger
        original = tool.parseagentparameters

        @functools.wraps(original)
        def parseagentparameters(self: Any, aparams: Any) -> Any:
            if isinstance(aparams, dict) and any(aparams.get(name) for name in _DISPLAYS):
                check()
            return original(self, aparams)

        _put(tool, parseagentparameters)

    imports.after("casatools.agentflagger", change)


def _put(tool: Any, method: Callable[..., Any]) -> None:
    """Replace a tool's method, once in its life."""
    if not hasattr(getattr(tool, method.__name__), "__wrapped__"):
        setattr(tool, method.__name__, method)
