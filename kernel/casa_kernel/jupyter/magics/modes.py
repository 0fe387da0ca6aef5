"""The magics for modes, the desktop and pictures of it."""

from __future__ import annotations

import os
from typing import Any, Callable, List

from IPython.core.magic import Magics, line_magic, magics_class

from casa_desktop.errors import CasaDesktopError

from ...drawing.desktop import Desktop
from ...drawing.modes import MODES, Modes, parse
from ...front import Front, notice


@magics_class
class CasaMagics(Magics):
    """``%casa_mode``, ``%casa_desktop`` and ``%casa_snapshot``."""

    def __init__(
        self, shell: Any, modes: Modes, desktop: Desktop, front: Front, show_in_cell: Callable[[str], None]
    ) -> None:
        super().__init__(shell)
        self._modes, self._desktop, self._front, self._show_in_cell = modes, desktop, front, show_in_cell
        completers = {
            "casa_mode": self._complete_mode,
            "casa_desktop": self._complete_desktop,
            "casa_snapshot": self._complete_window,
        }
        for name, complete in completers.items():
            # With and without the percent sign, which is optional with IPython's %automagic.
            for key in (f"%{name}", name):
                shell.set_hook("complete_command", complete, str_key=key)

    @line_magic
    def casa_mode(self, line: str) -> None:
        """Show or set how tasks that draw run.

        %casa_mode                              show the modes in force
        %casa_mode live|headless|auto           set the mode of all tasks that draw
        %casa_mode live|headless|auto task ...  set it for some of them

        headless draws into the cell, live opens a window on the CASA Desktop, and auto is live while
        a browser shows the desktop. A call's own gui=True or gui=False takes precedence.
        """
        mode, tasks = parse(line)
        if mode is not None:
            self._modes.set(mode, tasks)
        self._front.say(self._modes.describe())

    def _complete_mode(self, _shell: Any, event: Any) -> List[str]:
        """Complete the first word to a mode, the others to tasks. Called by IPython."""
        words = event.text_until_cursor.split()
        first = len(words) - (event.text_until_cursor[-1:] != " ") < 2
        return list(MODES if first else self._modes.tasks)

    @line_magic
    def casa_desktop(self, line: str) -> None:
        """Show or set the desktop on which live tasks open their windows.

        %casa_desktop               show the desktop in use, and those that are running
        %casa_desktop m31           use the desktop m31 from now on; it starts with its first window
        %casa_desktop --cell [m31]  the same, and show it in the cell's output, where Jupyter has anywidget

        Where Jupyter itself cannot show desktops, this also puts a new link to the page into the cell.

        Windows that are open on another desktop stay there until you close them. The environment variable
        CASA_DESKTOP_NAME sets the desktop of each new kernel (default: main).
        """
        words = line.split()
        in_cell = "--cell" in words
        name = " ".join(word for word in words if word != "--cell")
        if name:
            self._desktop.use(name)
        if in_cell:
            self._show_in_cell(self._desktop.name)
            return
        self._front.say(self._desktop.describe())
        # A link that this kernel makes lets one browser in; here is the next one.
        if not self._desktop.is_shown_by_jupyter(os.environ) and self._desktop.record() is not None:
            self._front.show(
                *notice("This kernel serves its page.", self._desktop.name, self._desktop.ways(os.environ))
            )

    def _complete_desktop(self, _shell: Any, _event: Any) -> List[str]:
        """Complete to the names of the running desktops. Called by IPython."""
        try:
            return self._desktop.names()
        except CasaDesktopError:
            # There is nothing to complete to, and the magic itself will report the reason.
            return []

    @line_magic
    def casa_snapshot(self, line: str) -> None:
        """Put a picture of the CASA Desktop, or of one of its windows, into the cell.

        %casa_snapshot              the whole desktop
        %casa_snapshot plotms       the topmost window with these words in its title or its program's name, whatever
                                    covers it
        """
        self._front.show(*self._desktop.snapshot(line.strip()))

    def _complete_window(self, _shell: Any, _event: Any) -> List[str]:
        """Complete to the titles of the open windows. Called by IPython."""
        try:
            return self._desktop.windows()
        except CasaDesktopError:
            return []
