"""What all drawing tasks share: CASA, the modes, the running tools, the notebook, and the announcement of a window."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence

from casa_desktop.errors import CasaDesktopError, PageUnavailable, Shortage
from casa_desktop.x11.screenshots import Glimpse

from .. import front as live
from ..casa.imports import Casa
from ..casa.tables import trouble_with
from ..checks import inputs as checks
from ..checks import paths
from ..errors import BadParameter, Damaged
from ..front import Front
from ..tools.children import Children
from ..tools.processes import Child, start
from .catalogue import Input
from .desktop import Desktop
from .modes import Modes
from .signatures import check_inputs
from .turns import Queue

if TYPE_CHECKING:
    from ..replay.flag_watch import FlagWatch


class Desk:
    """The context in which drawing tasks run.

    Attributes:
        casa: the imported CASA.
        modes: the modes in force.
        children: the running tools.
        desktop: the desktop on which live tools open.
        front: the notebook.
        in_process: a lock for the thread that uses CASA or matplotlib in this process; neither can be used by two at
            once.
        flag_watch: returns what keeps the flaggings by hand; it is made when it is first needed.
    """

    def __init__(
        self,
        casa: Casa,
        modes: Modes,
        children: Children,
        desktop: Desktop,
        front: Front,
        flag_watch: Callable[[], FlagWatch],
    ) -> None:
        self.casa, self.modes, self.children, self.desktop, self.front = casa, modes, children, desktop, front
        self.flag_watch = flag_watch
        self.in_process = Queue()

    def mode(self, task: str, window: str, given: Dict[str, Any]) -> str:
        """Remove the arguments about windows from a call's arguments; return its mode.

        Args:
            window: the task's own parameter that decides whether there is a window, or an empty string.

        Raises:
            BadParameter: ``gui`` is not True, False or None.
        """
        own = given.pop(window, None) if window else None
        gui = given.pop("gui", own)
        gui = own if gui is None else gui
        return self.modes.resolve(task, checked(task, gui), self.desktop.is_watched())

    def check(self, task: str, inputs: Sequence[Input], given: Dict[str, Any], output: str = "") -> None:
        """Check the files that a call names, before a tool is started for it.

        The paths in its arguments are replaced by paths that the tools understand.

        Args:
            inputs: the parameters that name the files it reads.
            output: the parameter that names the file it writes, or an empty string.

        Raises:
            BadParameter: a path cannot be what the user meant, cannot be read, or cannot be written.
            Shortage: this process has no descriptor left.
        """
        paths.resolve(task, [each.parameter for each in inputs], given, output)
        check_inputs(task, inputs, given)
        checks.check_output(task, output, given.get(output))
        for each in inputs:
            for path in checks.readable_by_casa(given.get(each.parameter)):
                trouble = trouble_with(self.casa, path)
                if os.strerror(errno.EMFILE) in trouble:
                    raise Shortage(errno.EMFILE)
                if trouble:
                    raise Damaged(task, each.parameter, path, trouble)

    def measurement_sets(self, inputs: Sequence[Input], given: Mapping[str, Any]) -> List[Path]:
        """Return the MeasurementSets that a call names, which exist."""
        named = [Path(each) for row in inputs for each in checks.readable_by_casa(given.get(row.parameter))]
        return [path for path in named if checks.kind_of(path) == checks.MEASUREMENT_SET]

    def tell(self, text: str) -> None:
        """Bring the desktop to the front, and leave a line with a link to it in the cell."""
        if self.desktop.is_shown_by_jupyter(os.environ):
            self.front.open_desktop(self.desktop.name)
        try:
            ways = self.desktop.ways(os.environ)
        except PageUnavailable as error:
            # The window is there all the same.
            self.front.say(f"{text} {error}")
        else:
            self.front.show(*live.notice(text, self.desktop.name, ways))

    def keep(self, glimpse: Glimpse, pid: int, alt: str, within: float = 5.0) -> None:
        """Put a small picture of a program's window into the cell, so that the notebook keeps what was seen."""
        picture = glimpse.of([pid], within=within)
        # The user may have closed the window again already.
        if picture is not None:
            self.front.show(*live.thumbnail(picture, alt))

    def look(self, pid: int, alt: str) -> None:
        """Keep a picture of an open window, if the desktop is still running."""
        with suppress(CasaDesktopError), self.desktop.glimpse() as glimpse:
            self.keep(glimpse, pid, alt, within=0)

    def open_window(
        self, name: str, tool: str, argv: Sequence[str], env: Mapping[str, str], alt: str, *, server: bool = False
    ) -> Child:
        """Open a window on the running desktop; it replaces the one that ``name`` already has there.

        A window on another desktop stays.

        Args:
            tool: the program's name, for messages.
            env: its whole environment.
            alt: a description of the window's content.
            server: the program writes an address when its window is open.
        """
        key = f"{name} on {self.desktop.name}"
        self.children.drop(key)
        with self.desktop.glimpse() as glimpse:
            child = start(self.children.private, tool, argv, env, server=server)
            self.children.keep(key, child)
            self.tell(f"{name} is on the CASA Desktop.")
            self.keep(glimpse, child.process.pid, alt)
        return child


def checked(task: str, gui: Any) -> Optional[bool]:
    """Return ``gui`` if it is True, False or None.

    Raises:
        BadParameter: it is something else.
    """
    if gui is not None and not isinstance(gui, bool):
        raise BadParameter(task, f"gui is {gui!r}, but should be True, False or None.")
    return gui
