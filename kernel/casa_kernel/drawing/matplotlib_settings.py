"""Use and restore the user's settings of matplotlib while a task of CASA draws.

This module imports matplotlib, so it is imported only when a task is about to draw.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator, Set, Tuple

import matplotlib
from matplotlib import pyplot
from matplotlib.texmanager import TexManager

# If a font lacks a weight, matplotlib uses the nearest one; the user of a task can do nothing about it.
_NO_SUCH_WEIGHT = "findfont: Failed to find font weight"


@contextmanager
def kept_backend() -> Iterator[None]:
    """Restore the user's backend after a with block that switches to another one.

    It may be an unusable one: "%matplotlib tk" without a display fails, but stays in force.
    """
    # Load the user's backend, if necessary, before asking whether it is interactive.
    backend = matplotlib.get_backend()
    with suppress(Exception):
        pyplot.switch_backend(backend)
    interactive = matplotlib.is_interactive()
    # The module with which pyplot draws, whatever the settings say. It has no public name.
    loaded = getattr(pyplot, "_backend_mod", None)
    try:
        yield
    finally:
        try:
            pyplot.switch_backend(backend)
        # A backend may be any module, and may raise any exception.
        except Exception:  # noqa: BLE001
            dict.__setitem__(matplotlib.rcParams, "backend", backend)
            pyplot._backend_mod = loaded
        matplotlib.interactive(interactive)


@contextmanager
def calm() -> Iterator[None]:
    """Keep a user's "warnings are errors" from ending a task, and log a missing font only once."""
    logger, once = logging.getLogger("matplotlib.font_manager"), _Once()
    logger.addFilter(once)
    try:
        with warnings.catch_warnings():
            # CASA's tasks take the mean of empty arrays, which gives a warning, and go on.
            warnings.filters[:] = [_as_warning(each) for each in warnings.filters]  # type: ignore[index]
            yield
    finally:
        logger.removeFilter(once)


def _as_warning(entry: Tuple[Any, ...]) -> Tuple[Any, ...]:
    return ("default", *entry[1:]) if entry[0] == "error" else entry


class _Once(logging.Filter):
    """Lets each message through once, but none about a font's weight."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        new = said not in self._seen
        self._seen.add(said)
        return new and not said.startswith(_NO_SUCH_WEIGHT)


def check_latex(say: Callable[[str], None]) -> None:
    """Draw text without LaTeX, and print a message, if the user asks for LaTeX and it does not work here."""
    if not matplotlib.rcParams["text.usetex"]:
        return
    try:
        # Draws two letters as pixels.
        TexManager().get_grey("lp", 10, 72)
    # matplotlib runs programs here, and reads their output; any error may come.
    except Exception as error:  # noqa: BLE001
        matplotlib.rcParams["text.usetex"] = False
        reason = str(error).strip().split("\n")[0].rstrip(".")
        say(f"matplotlib's text.usetex is on, but LaTeX does not work here ({reason}); text is drawn without it.")
