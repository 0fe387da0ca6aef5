"""Detect an interactive task that goes on without the window for which it should wait, in whatever way it was called.

If there is no window, CASA's C++ (casatools 6.4 to 6.7, ``synthesis/ImagerObjects/grpcInteractiveClean.cc``) writes
"Viewer GUI Not Available" into the log and answers 0 for the image. The imaging tasks take that for an empty mask, and
end without an error and with nothing cleaned. ``flagdata`` also ends without an error, or writes its log for ever
(``flagging/Flagging/grpcFlagAgentDisplay.cc``). So the hooks are in the tools themselves, which are used in every case:
by CASA's own tasks, by tasks that call others, and by scripts that use CASA's imager classes.

This module imports nothing slow, because processes without a kernel use it too.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable

from ..casa import import_hook

# flagdata can display the data and a report.
_DISPLAYS = ("datadisplay", "reportdisplay")


def watch_cleaning(missed: Callable[[], None]) -> None:
    """Call ``missed`` when the mask editor has not answered for an image; it may raise any exception."""

    def change(module: ModuleType) -> None:
        tool = module.iterbotsink
        original = tool.pauseforinteraction

        @functools.wraps(original)
        def pauseforinteraction(self: Any) -> Any:
            codes = original(self)
            # Otherwise 1 means go on, 2 go on without asking again, 3 stop; negative if the mask has changed.
            if not codes or 0 in codes.values():
                missed()
            return codes

        _put(tool, pauseforinteraction)

    import_hook.after("casatools.iterbotsink", change)


def watch_flagging(check: Callable[[], None]) -> None:
    """Call ``check`` before a flag display is prepared; it may raise any exception."""

    def change(module: ModuleType) -> None:
        tool = module.agentflagger
        original = tool.parseagentparameters

        @functools.wraps(original)
        def parseagentparameters(self: Any, aparams: Any) -> Any:
            if isinstance(aparams, dict) and any(aparams.get(name) for name in _DISPLAYS):
                check()
            return original(self, aparams)

        _put(tool, parseagentparameters)

    import_hook.after("casatools.agentflagger", change)


def _put(tool: Any, method: Callable[..., Any]) -> None:
    """Replace a tool's method, but only once."""
    if not hasattr(getattr(tool, method.__name__), "__wrapped__"):
        setattr(tool, method.__name__, method)
