"""Run the tasks that draw with matplotlib: show figures in the cell, or in a window with matplotlib's tools.

In both cases the task draws into memory (``drawing.pyplot_backend``). The window is a separate program
(``drawing.figure_window``), which receives the figures themselves. So the cell does not wait for it, the user can pan
and zoom the figure while the kernel works, and closing the window ends only the window.
"""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

from casa_desktop.system import pythonpath

from ..checks import inputs
from ..errors import BadParameter, NothingDrawn, ToolkitMissing
from . import figure_inputs
from . import pictures as capture
from .catalogue import FigureTask
from .context import Desk
from .modes import LIVE
from .signatures import like, value_of

# A CSS inch has 96 pixels: a figure has its nominal size on paper and on a screen.
_DPI = 96
# The length for which a window's title has room, in characters.
_TITLE = 60


class Figures:
    """Runs the tasks that draw with matplotlib."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def wrap(self, row: FigureTask, task: Callable[..., Any]) -> Callable[..., Any]:
        """Return the task of a row for the notebook's namespace."""

        def call(*args: Any, **kwargs: Any) -> Any:
            given = inputs.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            if not all(value_of(task, given, name) in values for name, values in row.draws_with.items()):
                given.pop("gui", None)
                return task(**given)
            mode = self._desk.mode(row.name, row.window, given)
            with self._desk.in_process:
                self._desk.check(row.name, row.inputs, given, row.output)
                if row.without and figure_inputs.lacks_table(self._desk.casa, row, given):
                    table, then = row.without
                    self._desk.front.say(f"{row.name}: the data have no {table} table, or an empty one; {then}.")
                    return task(**given)
                return self.draw(row, task, given, mode == LIVE)

        return like(task, call, row.name)

    def draw(self, row: FigureTask, task: Callable[..., Any], given: Dict[str, Any], live: bool) -> Any:
        """Run a task that draws with pyplot; show its pages in a window or in the cell."""
        with self._desk.in_process:
            return self._draw_live(row, task, given) if live else self._draw_headless(row, task, given)

    def _draw_headless(self, row: FigureTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        ratio = self._desk.front.pixel_ratio

        def take(figure: Any) -> bytes:
            file = io.BytesIO()
            figure.print_page(file, dpi=_DPI * ratio)
            return file.getvalue()

        result, drawn = self._run(row, task, given, take)
        pictures = [capture.Picture("image/png", page, ratio) for page in drawn]
        for page in capture.pages(row.name, given, pictures, self._desk.casa.version):
            self._desk.front.show(*page)
        return self._answer(row, result, drawn)

    def _draw_live(self, row: FigureTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        if importlib.util.find_spec("_tkinter") is None:
            raise ToolkitMissing(row.name)
        display = self._desk.desktop.environment()
        result, drawn = self._run(row, task, given, pickle.dumps)
        if drawn:
            alt = capture.alt(row.name, given)
            title = alt if len(alt) <= _TITLE else alt[: _TITLE - 1] + "…"
            self._open(row.name, drawn, title, display, alt)
        return self._answer(row, result, drawn)

    def _open(self, name: str, drawn: List[bytes], title: str, display: Dict[str, str], alt: str) -> None:
        """Open the window, which reads its pages from a folder before it reports that it is open."""
        folder = self._desk.children.private.new_folder("figures")
        try:
            for number, page in enumerate(drawn):
                (folder / f"{number:04}").write_bytes(page)
            argv = [sys.executable, str(Path(__file__).with_name("figure_window.py")), str(folder), title]
            self._desk.open_window(
                name, f"The window of {name}", argv, {**pythonpath.seen(os.environ), **display}, alt, server=True
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(
        self, row: FigureTask, task: Callable[..., Any], given: Dict[str, Any], take: Callable[[Any], bytes]
    ) -> Any:
        """Run the task; return its result and its pages."""
        # Imported here, because it imports matplotlib.
        from . import pyplot_backend

        figure_inputs.complete_module(row, self._desk.front.say)
        scratch = self._desk.children.private.new_folder("scratch")
        arguments = {**given, **row.fixed}
        if row.file and not given.get(row.file):
            arguments.update({row.file: str(scratch / row.name), **row.with_file})
        try:
            if row.spectral_last and given.get(row.inputs[0].parameter):
                image = figure_inputs.spectral_last(self._desk.casa, row, given, scratch)
                arguments[row.inputs[0].parameter] = image
            with pyplot_backend.recording(take, scratch, self._desk.front.say) as recorder:
                return task(**arguments), recorder.pages
        except AssertionError as error:
            # CASA's tasks check the types of their arguments with assert.
            raise BadParameter(row.name, inputs.explain_schema(str(error))) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _answer(self, row: FigureTask, result: Any, drawn: List[bytes]) -> Any:
        """Return the task's result; if it drew nothing, raise or print NothingDrawn."""
        if not drawn:
            nothing = NothingDrawn(row.name, self._desk.casa.logfile)
            if result is None:
                raise nothing
            self._desk.front.say(str(nothing))
        return result
