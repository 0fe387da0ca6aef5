"""Make CASA's tasks that draw obey the modes, and its interactive tasks open on the desktop.

A wrapped task keeps its signature, to which ``gui`` is added, and its documentation; what differs from task to
task stands in ``tasks``.
"""

from __future__ import annotations

import functools
import inspect
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence

from casa_desktop.errors import CasaDesktopError
from casa_desktop.session import Glimpse

from . import capture, checks, live, logs, preferences, tools
from .casa import Casa
from .children import Child, Children, start
from .clients import make_clients
from .errors import BadParameter, NoSuchPath, NothingDrawn, TaskFailed, ToolFailed, ToolMissing
from .interactive import MaskEditor
from .live import Front
from .modes import LIVE, Modes
from .tasks import DRAWING_TASKS, INTERACTIVE_TASKS, DrawingTask, Input
from .viewertask import make_viewer

_GUI = inspect.Parameter("gui", inspect.Parameter.KEYWORD_ONLY, default=None)


class Studio:
    """All that a drawing task needs: CASA, the tools, the modes and the notebook.

    Attributes:
        casa: the imported CASA.
        modes: the modes in force.
        children: the running tools.
        front: the notebook.
    """

    def __init__(self, casa: Casa, modes: Modes, children: Children, editor: MaskEditor, front: Front) -> None:
        self.casa, self.modes, self.children, self.front = casa, modes, children, front
        self._editor = editor
        self._clients = make_clients(casa)

    def names(self) -> Dict[str, Callable[..., Any]]:
        """Return the wrapped tasks, to be put over CASA's own in the notebook's namespace."""
        found = {row.name: self._drawing(row) for row in DRAWING_TASKS}
        found["casalogger"] = self._logger()
        for name in INTERACTIVE_TASKS:
            if name in self.casa.names:
                found[name] = self._interactive(name, self.casa.names[name])
        return found

    # Drawing

    def _drawing(self, row: DrawingTask) -> Callable[..., Any]:
        if row.tool not in self._clients:
            return _missing(row.name, row.tool)
        task = make_viewer(self.casa.viewer_client) if row.name == "viewer" else self.casa.gui_tasks[row.name]
        signature = inspect.signature(task)

        def call(*args: Any, **kwargs: Any) -> Any:
            given = checks.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            mode = self._mode(row, given)
            _check_inputs(row.name, row.inputs, given)
            if row.name == "viewer":
                checks.check_types(row.name, signature, given)
            return self._draw_live(row, task, given) if mode == LIVE else self._draw_headless(row, task, given)

        return _like(task, call, row.name)

    def _mode(self, row: DrawingTask, given: Dict[str, Any]) -> str:
        """Take the words about windows out of a call's arguments; return its mode."""
        own = given.pop(row.window, None) if row.window else None
        gui = given.pop("gui", own)
        gui = own if gui is None else gui
        if gui is not None and not isinstance(gui, bool):
            raise BadParameter(row.name, f"gui is {gui!r}, but should be True, False or None.")
        return self.modes.resolve(row.name, gui, live.is_watched())

    def _draw_headless(self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        if not capture.names_something(row, given):
            names = " or ".join(each.parameter for each in row.inputs)
            raise BadParameter(row.name, f"there is nothing to draw; give {names}, or ask for a window with gui=True.")
        folder, result = self.children.private.new_folder("picture"), None
        try:
            with self._connected(row, None):
                if given.get(row.picture):
                    result = task(**given, **row.fixed(live=False))
                pictures = capture.showable(given.get(row.picture))
                if not pictures:
                    task(**{**given, **row.fixed(live=False), **row.capture(str(folder / f"{row.name}.png"))})
                    pictures = capture.pictures_in(folder)
            if not pictures:
                raise NothingDrawn(row.name, self.casa.logfile)
            for picture in pictures:
                self.front.show(*capture.bundle(row, given, picture, self.casa.version))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return result

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
            self._tell(f"{row.name} is on the CASA Desktop.")
            self._keep(glimpse, tool.process.pid, capture.describe(row, window))
        return result

    def _keep(self, glimpse: Glimpse, pid: int, alt: str, within: float = 5.0) -> None:
        """Put a small picture of a program's window into the cell, so that the notebook keeps what was seen."""
        picture = glimpse.of([pid], within=within)
        # A user may be quicker than the tool and close its window again.
        if picture is not None:
            self.front.show(*live.thumbnail(picture, alt))

    def _look(self, pid: int, alt: str) -> None:
        """Keep a picture of a window that is there, if the desktop is still there too."""
        with suppress(CasaDesktopError), live.glimpse() as glimpse:
            self._keep(glimpse, pid, alt, within=0)

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
        key = f"{name} on {display['DISPLAY']}" if display is not None else f"{name} headless"
        cache = self.children.private.path / f"{name}.{'headless' if display is None else 'live'}"
        preferences.write(cache, preferences.HEADLESS if display is None else preferences.LIVE)
        child = self.children.get(key)
        if child is None:
            program = tools.ensure_extracted(tools.find(name), self.front.say)
            argv = [str(program), *tools.arguments(name, self.casa.data_folder, self.casa.logfile, cache)]
            child = start(self.children.private, name, argv, tools.environment(os.environ, display))
            self.children.keep(key, child)
            self._clients[name][display is not None].connect(child)
        return child

    def _tell(self, text: str) -> None:
        self.front.open_desktop(live.DESKTOP)
        self.front.show(*live.notice(text, live.page_url(os.environ)))

    # The log

    def _logger(self) -> Callable[..., Any]:
        task = self.casa.gui_tasks.get("casalogger", _casalogger)

        def call(*args: Any, **kwargs: Any) -> None:
            given = checks.bind("casalogger", call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            logfile = Path(given.get("logfile") or self.casa.logfile).absolute()
            if not logfile.is_file():
                raise NoSuchPath("casalogger", "logfile", logfile)
            if self.modes.resolve("casalogger", given.get("gui"), live.is_watched()) == LIVE:
                self._log_live(logfile)
            else:
                self.front.show(logs.bundle(logfile), {})

        return _like(task, call, "casalogger")

    def _log_live(self, logfile: Path) -> None:
        display = live.environment()
        program = tools.ensure_extracted(tools.find("casalogger"), self.front.say)
        self.children.drop("casalogger")
        env = tools.environment(os.environ, display)
        with live.glimpse() as glimpse:
            child = start(self.children.private, "casalogger", [str(program), str(logfile)], env, server=False)
            self.children.keep("casalogger", child)
            self._tell("casalogger is on the CASA Desktop.")
            self._keep(glimpse, child.process.pid, f"casalogger({str(logfile)!r})")

    # Interactive cleaning

    def _interactive(self, name: str, task: Callable[..., Any]) -> Callable[..., Any]:
        inputs = INTERACTIVE_TASKS[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            given = checks.bind(name, inspect.signature(task), args, kwargs)
            if not given.get("interactive"):
                return task(*args, **kwargs)
            _check_inputs(name, inputs, given)
            display = live.environment()
            program = tools.ensure_extracted(tools.find("casaviewer"), self.front.say)
            self._tell(
                f"{name} waits for you on the CASA Desktop: drag a box there with the right mouse button and "
                "double-click in it with the same button, then press the blue arrow to go on, or the red cross to stop."
            )
            alt = capture.alt(name, given)
            with self._editor.session(name, program, display, lambda pid: self._look(pid, alt)):
                return task(*args, **kwargs)

        return _like(task, call, name, add_gui=False)


def _said(error: Exception) -> str:
    """Return an error's own words; those of gRPC are in ``details``, behind a page of others."""
    details = getattr(error, "details", None)
    said = str(details() if callable(details) else error).strip().rstrip(".") or type(error).__name__
    return f"{said}."


def _check_inputs(name: str, inputs: Sequence[Input], given: Mapping[str, Any]) -> None:
    if given.get("displaytype") == "lel":
        # The path is an expression of paths then.
        return
    for each in inputs:
        checks.check_path(name, each.parameter, given.get(each.parameter, ""), each.kinds)


def _like(task: Any, call: Callable[..., Any], name: str, add_gui: bool = True) -> Callable[..., Any]:
    """Give ``call`` the name, documentation and signature of ``task``; CASA's tasks are instances of classes."""
    signature = inspect.signature(task)
    parameters = [each.replace(default=None) if each.name == "gui" else each for each in signature.parameters.values()]
    if add_gui and "gui" not in signature.parameters:
        parameters.append(_GUI)
    functools.update_wrapper(call, task, assigned=("__module__",), updated=())
    call.__name__ = call.__qualname__ = name
    call.__doc__ = task.__doc__ if inspect.isfunction(task) else type(task).__doc__
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call


def _missing(name: str, tool: str) -> Callable[..., Any]:
    def call(*_args: Any, **_kwargs: Any) -> None:
        raise ToolMissing(tool, "in this kernel's Python")

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name} needs {tool}, which is not installed."
    return call


def _casalogger(logfile: str = "", terminal: bool = False) -> None:
    """Show CASA's log: its end in the cell, or casalogger on the CASA Desktop.

    Parameters:
        logfile: the log to show; this session's by default
        terminal: unused here
    """
