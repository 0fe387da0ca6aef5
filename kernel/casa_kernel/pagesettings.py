"""The user's settings of matplotlib, while a task of CASA draws: kept, followed where they can be, and given back.

Matplotlib is imported here: this module is imported only when a task is to draw.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator, Set, Tuple

import matplotlib
from matplotlib import pyplot
from matplotlib.texmanager import TexManager

# Where a font has no such weight matplotlib takes the nearest; the user of a task can do nothing about it.
_NO_SUCH_WEIGHT = "findfont: Failed to find font weight"


@contextmanager
def kept_backend() -> Iterator[None]:
    """Give the user's backend back after a with block that switches to another one, as it was.

    It may be one that cannot be used: "%matplotlib tk" without a display fails and stays in force nevertheless.
    """
    # The user's backend is loaded, if it was not yet, before its word on interactivity is asked.
    backend = matplotlib.get_backend()
    with suppress(Exception):
        pyplot.switch_backend(backend)
    interactive = matplotlib.is_interactive()
    # What pyplot draws with, whatever the settings say. It has no public name.
    loaded = getattr(pyplot, "_backend_mod", None)
    try:
        yield
    finally:
        try:
            pyplot.switch_backend(backend)
        # A backend is a module of anybody, and may fail as it likes.
        except Exception:  # noqa: BLE001
            dict.__setitem__(matplotlib.rcParams, "backend", backend)
            pyplot._backend_mod = loaded
        matplotlib.interactive(interactive)


@contextmanager
def calm() -> Iterator[None]:
    """Keep a user's "warnings are errors" from ending a task, and say of each font once that it is missing."""
    logger, once = logging.getLogger("matplotlib.font_manager"), _Once()
    logger.addFilter(once)
    try:
        with warnings.catch_warnings():
            # CASA's tasks take the mean of nothing, and go on.
            warnings.filters[:] = [_as_warning(each) for each in warnings.filters]  # type: ignore[index]
            yield
    finally:
        logger.removeFilter(once)


def _as_warning(entry: Tuple[Any, ...]) -> Tuple[Any, ...]:
    return ("default", *entry[1:]) if entry[0] == "error" else entry


class _Once(logging.Filter):
    """Lets each message through once, and none about a font's weight."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        new = said not in self._seen
        self._seen.add(said)
        return new and not said.startswith(_NO_SUCH_WEIGHT)


def check_latex(say: Callable[[str], None]) -> None:
    """Set the letters without LaTeX, and say so, where the user asks for LaTeX and it does not work here."""
    if not matplotlib.rcParams["text.usetex"]:
        return
    try:
        # Sets two letters, and makes pixels of them.
        TexManager().get_grey("lp", 10, 72)
    # It runs programs, and reads what they write.
    except Exception as error:  # noqa: BLE001
        matplotlib.rcParams["text.usetex"] = False
        reason = str(error).strip().split("\n")[0].rstrip(".")
        say(f"matplotlib's text.usetex is on, but LaTeX does not work here ({reason}): the letters are set without it.")
