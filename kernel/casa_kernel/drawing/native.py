"""Run the tasks that draw with a native tool: in a window of the tool, or with its picture file in the cell."""

from __future__ import annotations

import inspect
import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Tuple

from casa_desktop.errors import CasaDesktopError

from ..checks import inputs, plain_values
from ..errors import (
    BadParameter,
    NothingDrawn,
    NothingShown,
    NotWritable,
    TaskFailed,
    ToolLost,
    writing,
)
from ..log.plotms_messages import NO_REASON
from ..tools.processes import Child
from . import pictures as capture
from . import plotms_input, spectral_profile
from .catalogue import DrawingTask, FigureTask
from .context import Desk
from .figures import Figures
from .modes import LIVE
from .signatures import like, missing
from .tool_pool import Toolbox
from .viewer_input import Ready, ViewerInput, check_seen
from .viewer_task import make_viewer

if TYPE_CHECKING:
    from ..replay.flag_watch import Listing

# After this many seconds, the cell gets a picture of the plot as far as it is drawn.
_DRAWN_WITHIN = 10.0


class Drawing:
    """Runs the tasks that draw with a native tool."""

    def __init__(self, desk: Desk, figures: Figures) -> None:
        self._desk, self._figures = desk, figures
        self._toolbox = Toolbox(desk)

    def wrap(self, row: DrawingTask) -> Callable[..., Any]:
        """Return the task of a row for the notebook's namespace."""
        if row.tool not in self._toolbox:
            return missing(row.name, row.tool, self._desk.casa.faults)
        casa = self._desk.casa
        task = make_viewer(casa.viewer_client) if row.name == "viewer" else casa.gui_tasks[row.name]
        signature = inspect.signature(task)

        def call(*args: Any, **kwargs: Any) -> Any:
            given = inputs.bind(row.name, call.__signature__, args, kwargs)  # type: ignore[attr-defined]
            given = {name: plain_values.value(each, deep=True) for name, each in given.items()}
            mode = self._desk.mode(row.name, row.window, given)
            if row.name == "viewer":
                inputs.check_types(row.name, signature, given)
            with self._toolbox.queues[row.tool], ExitStack() as stack:
                with self._desk.in_process:
                    ready = stack.enter_context(self._ready(row, given, mode == LIVE))
                # An error of the task itself is already a TaskFailed here.
                with writing(self._desk.children.private.path):
                    if ready.spectrum is not None:
                        return self._draw_profile(row, ready, ready.spectrum, given, mode == LIVE)
                    draw = self._draw_live if mode == LIVE else self._draw_headless
                    return draw(row, task, ready.given, given)

        return like(task, call, row.name)

    @contextmanager
    def _ready(self, row: DrawingTask, given: Dict[str, Any], live: bool) -> Iterator[Ready]:
        """Check a call's arguments; yield the call in a form that can be run within a with block."""
        if row.tool == "casaviewer":
            with ViewerInput(self._desk, row, given).ready(live) as ready:
                yield ready
        else:
            ready = Ready(dict(given))
            self._desk.check(row.name, row.inputs, ready.given, row.picture)
            new_folder, say = self._desk.children.private.new_folder, self._desk.front.say
            yield Ready(plotms_input.prepare(self._desk.casa, ready.given, row.inputs, new_folder, say))

    def _draw_profile(self, row: DrawingTask, ready: Ready, image: Path, said: Dict[str, Any], live: bool) -> Any:
        """Draw the profile of an image with a single axis, which the tool cannot show."""
        file, kind = spectral_profile.output_of(row.name, ready.given, row.picture)
        self._desk.front.say(f"{image.name} has one axis, and casaviewer draws planes only; this is its profile.")

        def draw(**_said: Any) -> None:
            spectral_profile.draw(self._desk.casa, image, file, kind)

        return self._figures.draw(FigureTask(row.name), draw, said, live)

    def _draw_headless(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], said: Dict[str, Any]
    ) -> Any:
        """Draw into the cell.

        Args:
            said: the arguments as the user gave them.
        """
        if not capture.names_something(row, given):
            names = " or ".join(each.parameter for each in row.inputs)
            raise BadParameter(row.name, f"there is nothing to draw; give {names}, or ask for a window with gui=True.")
        folder = self._desk.children.private.new_folder("picture")
        try:
            try:
                result, pictures = self._draw(row, task, given, folder)
            except ToolLost:
                # Nothing has been shown yet, and a new process of the tool may succeed.
                result, pictures = self._draw(row, task, given, folder)
            except TaskFailed as failure:
                raise self._explained(row, task, given, failure) from failure
            if not pictures:
                raise NothingDrawn(row.name, self._desk.casa.logfile)
            if row.tool == "casaviewer":
                with self._desk.in_process:
                    check_seen(self._desk, row, given, pictures[0].data)
            words = {name: value for name, value in said.items() if name != row.picture}
            for page in capture.pages(row.name, words, pictures, self._desk.casa.version):
                self._desk.front.show(*page)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return result

    def _explained(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], failure: TaskFailed
    ) -> TaskFailed:
        """Return the failure, with its reason if casaplotms shows that only in its window."""
        if not failure.reason.startswith(NO_REASON):
            return failure
        words = {name: value for name, value in given.items() if name != row.picture}
        try:
            reason = self._toolbox.reason_in_window(row, lambda: task(**words, **row.fixed(live=True)))
        except CasaDesktopError:
            return failure
        return TaskFailed(row.name, reason) if reason else failure

    def _draw(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], folder: Path
    ) -> Tuple[Any, List[capture.Picture]]:
        """Return the task's result, if it writes the user's own file, and the pictures to show."""
        result = None
        with self._toolbox.connected(row, None, given.get("plotrange") or ()):
            if given.get(row.picture):
                result = self._write(row, task, given)
            return result, self._pictures(row, task, given, folder)

    def _write(self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any]) -> Any:
        """Have the tool write the user's own file; return the task's result."""
        wanted = given[row.picture]
        # imview also takes a dictionary, in which the file is one of several entries.
        file = wanted.get("file") if isinstance(wanted, dict) else wanted
        if not isinstance(file, (str, os.PathLike)):
            return task(**given, **row.fixed(live=False))
        path = Path(file).absolute()
        before = capture.written(path)
        result = task(**given, **row.fixed(live=False))
        # The viewer reports neither a full disk nor a file that was not written.
        inputs.check_room(row.name, row.picture, path)
        new = [file for file, _ in sorted(capture.written(path) - before)]
        if not new:
            raise NotWritable(row.name, row.picture, path, "the tool wrote nothing")
        if row.tool == "casaviewer" and str(path) not in new:
            # It chooses the file's ending itself.
            self._desk.front.say(f"{row.name} has written {new[0]}, not {path.name}.")
        for remark in capture.misnamed(map(Path, new)):
            self._desk.front.say(f"{row.name}: {remark}")
        return result

    def _pictures(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], folder: Path
    ) -> List[capture.Picture]:
        """Return the pictures to show: the user's own file if it is complete and can be shown; else drawn anew."""
        several = bool(row.pages_with and given.get(row.pages_with))
        pictures = [] if several else capture.showable(given.get(row.picture))
        if not pictures:
            # A scale that the user gives is for the size at which the picture is seen.
            ratio = self._desk.front.pixel_ratio if row.scale and row.scale not in given else 1.0
            drawn = {**(row.pages if several else {}), **row.capture(str(folder / f"{row.name}.png"), ratio)}
            own = {row.scale: given[row.scale]} if row.scale in given else {}
            task(**{**given, **row.fixed(live=False), **drawn, **own})
            pictures = capture.pictures_in(folder, ratio)
        return pictures

    def _draw_live(
        self, row: DrawingTask, task: Callable[..., Any], given: Dict[str, Any], said: Dict[str, Any]
    ) -> Any:
        """Open a window; the arguments are those of ``_draw_headless``."""
        display = self._desk.desktop.environment()
        if given.get(row.picture):
            # imview opens no window when it writes a file, so a file is always written without one.
            with self._toolbox.connected(row, None):
                self._write(row, task, given)
        window = {name: value for name, value in given.items() if name != row.picture}
        with self._desk.desktop.glimpse() as glimpse:
            with self._toolbox.connected(row, display, given.get("plotrange") or ()) as tool:
                listing = self._keep_flaggings(row, given, said, tool)
                result = task(**window, **row.fixed(live=True))
                fault = self._fault_of_window(row, given)
                self._desk.tell(f"{row.name} is on the CASA Desktop.")
                if listing is not None:
                    listing.show()
                self._toolbox.wait_until_drawn(row, tool, within=_DRAWN_WITHIN)
            self._desk.keep(
                glimpse, tool.process.pid, capture.alt(row.name, {name: said[name] for name in window if name in said})
            )
        if fault is not None:
            raise fault
        return result

    def _keep_flaggings(
        self, row: DrawingTask, given: Dict[str, Any], said: Dict[str, Any], tool: Child
    ) -> Optional[Listing]:
        """Keep what is flagged by hand in a window that is about to open; return what is shown of it in the cell."""
        tables = self._desk.measurement_sets(row.inputs, given) if row.flags else []
        if not tables:
            return None
        call = capture.alt(row.name, said)
        try:
            return self._desk.flag_watch().window(row.name, call, tables, tool.process.pid, tool.logfile)
        # Whatever it is, the window is worth more.
        except Exception as error:  # noqa: BLE001
            self._desk.front.say(f"Flaggings in this window will not be kept: {error}")
            return None

    def _fault_of_window(self, row: DrawingTask, given: Dict[str, Any]) -> Optional[NothingShown]:
        """Return the error for an empty window that stays open because it shows the reason; None if it is not empty.

        Raises:
            NothingShown: the reason is known without the window.
        """
        # Without an input the window asks for one.
        seen = self._toolbox.seen(row) if capture.names_something(row, given) else None
        if seen is None:
            return None
        try:
            with self._desk.in_process:
                check_seen(self._desk, row, given, seen)
        except NothingShown as fault:
            if fault.reason:
                raise
            return fault
        return None
