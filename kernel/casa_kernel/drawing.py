"""The tasks that draw with a native tool: in a window of the tool, or by its file into the cell."""

from __future__ import annotations

import inspect
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

from . import capture, checks, live, preferences, screen, tools
from .children import Child, start
from .clients import make_clients
from .desk import Desk
from .errors import BadParameter, NothingDrawn, TaskFailed, ToolFailed
from .modes import LIVE
from .signatures import check_inputs, like, missing
from .tasks import DrawingTask
from .viewertask import make_viewer


class Drawing:
    """Runs the tasks that draw with a native tool."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients = make_clients(desk.casa)

    def wrap(self, row: DrawingTask) -> Callable[..., Any]:
        """Return the task of a row as the notebook is to have it."""
        if row.tool not in self._clients:
            return missing(row.name, row.tool)
        casa = self._desk.casa
        task = make_viewer(casa.viewer_client) if row.name == "viewer" else casa.gui_tasks[row.name]
        signature = inspect.signature(task)

        def call(*args: Any, **kwargs: Any) -> Any:
            given = checks.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            mode = self._desk.mode(row.name, row.window, given)
            check_inputs(row.name, row.inputs, given)
            if row.name == "viewer":
                checks.check_types(row.name, signature, given)
            return self._draw_live(row, task, given) if mode == LIVE else self._draw_headless(row, task, given)

        return like(task, call, row.name)

    def _draw_headless(self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        if not capture.names_something(row, given):
            names = " or ".join(each.parameter for each in row.inputs)
            raise BadParameter(row.name, f"there is nothing to draw; give {names}, or ask for a window with gui=True.")
        folder, result = self._desk.children.private.new_folder("picture"), None
        try:
            with self._connected(row, None):
                if given.get(row.picture):
                    result = task(**given, **row.fixed(live=False))
                pictures = self._pictures(row, task, given, folder)
            if not pictures:
                raise NothingDrawn(row.name, self._desk.casa.logfile)
            words = {name: value for name, value in given.items() if name != row.picture}
            for page in capture.pages(row.name, words, pictures, self._desk.casa.version):
                self._desk.front.show(*page)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return result

    def _pictures(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], folder: Path
    ) -> List[capture.Picture]:
        """Return what is to be seen: the user's own file if a notebook can show it and it is all; else drawn anew."""
        several = bool(row.pages_with and given.get(row.pages_with))
        pictures = [] if several else capture.showable(given.get(row.picture))
        if not pictures:
            drawn = {**(row.pages if several else {}), **row.capture(str(folder / f"{row.name}.png"))}
            task(**{**given, **row.fixed(live=False), **drawn})
            pictures = capture.pictures_in(folder)
        return pictures

    def _draw_live(self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        display = live.environment()
        if given.get(row.picture):
            # imview goes without a window when it is to write a file, so a file is always written without one.
            with self._connected(row, None):
                task(**given, **row.fixed(live=False))
        window = {name: value for name, value in given.items() if name != row.picture}
        with live.glimpse() as glimpse:
            with self._connected(row, display) as tool:
                result = task(**window, **row.fixed(live=True))
            self._desk.tell(f"{row.name} is on the CASA Desktop.")
            self._desk.keep(glimpse, tool.process.pid, capture.alt(row.name, window))
        return result

    @contextmanager
    def _connected(self, row: DrawingTask, display: Optional[Mapping[str, str]]) -> Iterator[Child]:
        """Have ``row``'s tool running and connected within a with block; say clearly what went wrong there."""
        child = self._tool(row.tool, display)
        try:
            with self._clients[row.tool][display is not None].in_use():
                yield child
        except AssertionError as error:
            # CASA's tasks check their arguments' types with assert.
            raise BadParameter(row.name, checks.explain_schema(str(error))) from error
        except Exception as error:
            if child.has_ended(within=0.5):
                said = f"ended in the middle of {row.name}. {child.last_words()}".strip()
                raise ToolFailed(row.tool, said) from error
            raise TaskFailed(row.name, _said(error)) from error

    def _tool(self, name: str, display: Optional[Mapping[str, str]]) -> Child:
        """Return the running tool for a display, or for none, connected to its client module."""
        children, casa = self._desk.children, self._desk.casa
        key = f"{name} on {display['DISPLAY']}" if display is not None else f"{name} headless"
        cache = children.private.path / f"{name}.{'headless' if display is None else 'live'}"
        preferences.write(cache, preferences.HEADLESS if display is None else preferences.LIVE)
        child = children.get(key)
        if child is None:
            program = tools.ensure_extracted(tools.find(name), self._desk.front.say)
            needs_screen = display is None and not tools.draws_offscreen(program)
            argv = [str(program), *tools.arguments(name, casa.data_folder, casa.logfile, cache)]
            # What draws without a window may need an X server all the same.
            where = screen.environment(children, name) if needs_screen else display
            child = start(children.private, name, argv, tools.environment(os.environ, where))
            children.keep(key, child)
            self._clients[name][display is not None].connect(child)
        return child


def _said(error: Exception) -> str:
    """Return an error's own words; those of gRPC are in ``details``, behind a page of others."""
    details = getattr(error, "details", None)
    said = str(details() if callable(details) else error).strip().rstrip(".") or type(error).__name__
    return f"{said}."
