"""The kernel's magics."""

from __future__ import annotations

from typing import Any, List

from IPython.core.magic import Magics, line_magic, magics_class

from casa_desktop.errors import CasaDesktopError

from . import live
from .live import Front
from .modes import MODES, Modes, parse


@magics_class
class CasaMagics(Magics):
    """``%casa_mode`` and ``%casa_snapshot``."""

    def __init__(self, shell: Any, modes: Modes, front: Front) -> None:
        super().__init__(shell)
        self._modes, self._front = modes, front
        for name, complete in (("casa_mode", self._complete_mode), ("casa_snapshot", _complete_window)):
            # With and without the sign, which IPython's %automagic makes needless.
            for key in (f"%{name}", name):
                shell.set_hook("complete_command", complete, str_key=key)

    @line_magic
    def casa_mode(self, line: str) -> None:
        """Show or set how tasks that draw run.

        %casa_mode                              show the modes in force
        %casa_mode live|headless|auto           set the mode of all tasks that draw
        %casa_mode live|headless|auto task ...  set it for some of them

        headless draws into the cell, live opens a window on the CASA Desktop, and auto is live while
        a browser shows the desktop. A call's own gui=True or gui=False goes before.
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
    def casa_snapshot(self, line: str) -> None:
        """Put a picture of the CASA Desktop, or of one of its windows, into the cell.

        %casa_snapshot              the whole desktop
        %casa_snapshot plotms       the topmost window with these words in its title or its program's name, whatever
                                    covers it
        """
        self._front.show(*live.snapshot(line.strip()))


def _complete_window(_shell: Any, _event: Any) -> List[str]:
    """Complete to the titles of the windows that are there. Called by IPython."""
    try:
        return live.windows()
    except CasaDesktopError:
        # There is nothing to complete to, and the magic itself will say why.
        return []
