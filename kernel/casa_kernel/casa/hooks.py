"""Hooks in the tools of an imported CASA: its mask editor, and its log."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, ContextManager

from .imports import Casa


def before_clean_ends(casa: Casa, hook: Callable[[], None]) -> None:
    """Call ``hook`` whenever an imaging task is about to close its mask editor's panel.

    The tool ``iterbotsink`` closes it in ``done``, which the tasks always call (casatasks 6.7.0).
    """
    tool = casa.names["iterbotsink"]
    original = tool.done

    def done(self: Any) -> Any:
        hook()
        return original(self)

    tool.done = done


def around_interaction(casa: Casa, place: Callable[[], ContextManager[None]]) -> None:
    """Have the imaging tasks ask for a mask within the context manager that ``place`` returns.

    The tool ``iterbotsink`` starts the mask editor and waits for it in ``pauseforinteraction`` (casatasks 6.7.0).
    """
    tool = casa.names["iterbotsink"]
    original = tool.pauseforinteraction

    def pauseforinteraction(self: Any) -> Any:
        with place():
            return original(self)

    tool.pauseforinteraction = pauseforinteraction


def observe_cycles(casa: Casa, hear: Callable[[str, Any], None]) -> None:
    """Call ``hear`` with the name and the result of what the imaging tasks ask CASA's tools in each cycle.

    It must neither raise an error nor ask the tools anything: that would change the cleaning (casatools 6.7.0).
    """
    for tool, names in (("synthesisdeconvolver", _CYCLE), ("iterbotsink", ("getminorcyclecontrols",))):
        for name in names:
            _observe(casa.names[tool], name, hear)


_CYCLE = ("initminorcycle", "executeminorcycle")


def _observe(tool: Any, name: str, hear: Callable[[str, Any], None]) -> None:
    original = getattr(tool, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        hear(name, result)
        return result

    setattr(tool, name, method)


def keep_log_global(casa: Casa) -> None:
    """Make CASA's log global only once, which the import of ``casatasks`` has already done.

    If it is made global a second time, by ``importlib.reload(casatasks)`` or a script's ``casalog.setglobal(True)``, it
    passes each message to itself until the process crashes (casatools 6.7.0).
    """
    tool = type(casa.names["casalog"])
    original, state = tool.setglobal, [True]

    def setglobal(self: Any, isglobal: bool = True) -> Any:
        former, state[0] = state[0], isglobal
        return True if former and isglobal else original(self, isglobal)

    tool.setglobal = functools.wraps(original)(setglobal)


def reopen_log(casa: Casa) -> None:
    """Have CASA open its log anew, and append to it."""
    casa.names["casalog"].setlogfile(casa.logfile)


def after_new_logfile(casa: Casa, check: Callable[[str], None], hook: Callable[[Path], None]) -> None:
    """Call ``hook`` with the path of the log now, and again whenever ``casalog.setlogfile`` changes it.

    CASA announces the change nowhere else, and a request for the name from another thread could come in the middle of
    it.

    Args:
        check: called with a new name before CASA uses it; may raise an error to refuse it.
        hook: called with the path when CASA uses it.
    """
    tool = type(casa.names["casalog"])
    original = tool.setlogfile

    def setlogfile(self: Any, *args: Any, **kwargs: Any) -> Any:
        for name in (*args, *kwargs.values()):
            if name and isinstance(name, str):
                check(name)
        result = original(self, *args, **kwargs)
        hook(Path(casa.logfile))
        return result

    tool.setlogfile = functools.wraps(original)(setlogfile)
    hook(Path(casa.logfile))
