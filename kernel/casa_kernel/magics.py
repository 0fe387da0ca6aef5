"""The kernel's magics."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from casa_desktop import session
from casa_desktop.errors import NotRunning

from .live import DESKTOP, Front
from .modes import Modes, parse


@magics_class
class CasaMagics(Magics):
    """``%casa_mode`` and ``%casa_snapshot``."""

    def __init__(self, shell: Any, modes: Modes, front: Front) -> None:
        super().__init__(shell)
        self._modes, self._front = modes, front

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

    @line_magic
    def casa_snapshot(self, line: str) -> None:
        """Put a picture of the CASA Desktop into the cell."""
        record = session.find(DESKTOP)
        if record is None:
            raise NotRunning(DESKTOP)
        alt = "The CASA Desktop"
        self._front.show({"image/png": session.screenshot(record), "text/plain": alt}, {"image/png": {"alt": alt}})
