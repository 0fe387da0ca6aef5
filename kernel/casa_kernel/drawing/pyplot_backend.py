"""A backend of matplotlib that passes on what a task draws, page by page.

CASA's tasks use pyplot in different ways: they draw in figure 1, clear it for each page, save it or not, close it or
not. This backend never shows a figure. A page is passed on when it is saved, or else just before its figure is cleared
or closed, or when the task has ended. (What a backend's module must contain:
https://matplotlib.org/stable/users/explain/figure/writing_a_user_interface_pyplot.html)

This module imports matplotlib, so it is imported only when a task is about to draw.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

from matplotlib import pyplot
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from . import matplotlib_settings

_BACKEND = f"module://{__name__}"


class Recorder:
    """The pages of one task.

    Attributes:
        pages: the results of ``take`` for all pages, in the order in which they were begun.
    """

    def __init__(self, take: Callable[[Figure], bytes], scratch: Path) -> None:
        """Begin with no page.

        Args:
            take: converts a figure, as it is now, to bytes.
            scratch: a folder for files that a task saves only because it must; nothing is written there.
        """
        self.pages: List[bytes] = []
        self._take, self._scratch = take, scratch

    def is_scratch(self, file: Any) -> bool:
        """Return whether ``file`` is in the scratch folder."""
        return isinstance(file, (str, os.PathLike)) and self._scratch in Path(file).parents

    def add(self, figure: Figure) -> int:
        """Add a page; return its number, from 0."""
        self.pages.append(self._take(figure))
        return len(self.pages) - 1

    def replace(self, number: int, figure: Figure) -> None:
        """Replace the page ``number``."""
        self.pages[number] = self._take(figure)


class PagedFigure(Figure):
    """A figure that passes on each of its pages before the page is lost."""

    # A class attribute, because Figure's constructor clears the figure.
    recorder: Optional[Recorder] = None
    _saved: Optional[Tuple[str, int]] = None

    def turn(self) -> None:
        """Pass the page on, unless it is empty or was saved: a saved page already is as the task wants it."""
        if self.recorder is not None and self._saved is None and _bears_something(self):
            self.recorder.add(self)
        self._saved = None

    def savefig(self, fname: Any, **kwargs: Any) -> Any:
        if self.recorder is None:
            return super().savefig(fname, **kwargs)
        if self._saved is not None and self._saved[0] == str(fname):
            self.recorder.replace(self._saved[1], self)
        else:
            self._saved = str(fname), self.recorder.add(self)
        return None if self.recorder.is_scratch(fname) else super().savefig(fname, **kwargs)

    def print_page(self, file: Any, dpi: float) -> None:
        """Write the figure as it is now, as PNG."""
        super().savefig(file, format="png", dpi=dpi)

    def clear(self, keep_observers: bool = False) -> None:
        self.turn()
        super().clear(keep_observers)

    def clf(self, keep_observers: bool = False) -> None:
        # pyplot calls this name in matplotlib 3.5 and older.
        self.turn()
        super().clf(keep_observers)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle as a plain figure: the program that shows it has no CASA, and must not open a figure of pyplot."""
        state = self.__getstate__()  # type: ignore[attr-defined]
        for name in ("recorder", "_saved", "_restore_to_pylab"):
            state.pop(name, None)
        return object.__new__, (Figure,), state


def _bears_something(figure: Figure) -> bool:
    return bool(figure.texts or figure.images or any(axes.has_data() or axes.texts for axes in figure.axes))


class FigureCanvas(FigureCanvasAgg):
    """A canvas that is not shown."""

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        """Draw nothing: pyplot calls this after each of its functions."""


class FigureManager(FigureManagerBase):
    """The manager of a figure without a window."""

    def show(self) -> None:
        """Show nothing, without matplotlib's warning that nothing can be shown."""

    def destroy(self) -> None:
        """Pass on the last page of a figure that is being closed."""
        if isinstance(self.canvas.figure, PagedFigure):
            self.canvas.figure.turn()


_recorder: Optional[Recorder] = None


def new_figure_manager(num: Any, *args: Any, FigureClass: Any = Figure, **kwargs: Any) -> FigureManager:  # noqa: N803
    """Make a figure for pyplot; the signature is matplotlib's."""
    figure = (PagedFigure if FigureClass is Figure else FigureClass)(*args, **kwargs)
    return new_figure_manager_given_figure(num, figure)


def new_figure_manager_given_figure(num: Any, figure: Any) -> FigureManager:
    """Make a manager for an existing figure; the signature is matplotlib's."""
    figure.recorder = _recorder
    return FigureManager(FigureCanvas(figure), num)


def show(*_args: Any, **_kwargs: Any) -> None:
    """Show nothing."""


@contextmanager
def recording(take: Callable[[Figure], bytes], scratch: Path, say: Callable[[str], None]) -> Iterator[Recorder]:
    """Record the pages that are drawn within a with block; the user's own figures and settings are not touched.

    Args:
        take: converts a figure, as it is now, to bytes.
        scratch: a folder in which nothing needs to be written.
        say: called with a message for the user about a setting that cannot be used.
    """
    global _recorder
    # Pyplot has no public way to set its figures aside, and the tasks reuse and close any open ones.
    figures, Gcf.figs = Gcf.figs, OrderedDict()
    _recorder = Recorder(take, scratch)
    try:
        with matplotlib_settings.kept_backend(), pyplot.rc_context(), matplotlib_settings.calm():
            pyplot.switch_backend(_BACKEND)
            matplotlib_settings.check_latex(say)
            yield _recorder
            pyplot.close("all")
    finally:
        _recorder = None
        # In matplotlib 3.7 and older a change of the backend closes all figures, so the user's are restored after it.
        Gcf.figs = figures
