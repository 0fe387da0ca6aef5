"""The programs of a desktop, and how each is started: Xvnc, the window manager, its background, the agent."""

from __future__ import annotations

import os
import sys
from typing import IO, Tuple

from .. import names
from ..errors import WindowManagerMissing, XServerMissing
from ..runtime.directory import Places
from ..runtime.settings import Settings
from ..system.process import Command, on_path, spawn
from ..system.pythonpath import seen
from ..x11 import icewm
from ..x11.xvnc import Xvnc
from . import open_url


class Programs:
    """The programs of one desktop.

    Args:
        settings: the user's choices.
        at: the desktop's paths.
        log: receives the programs' output.

    Attributes:
        xvnc: the X server.
        display: the name of the X display, once Xvnc has reported it.
    """

    def __init__(self, settings: Settings, at: Places, log: IO[bytes]) -> None:
        self.settings, self.at, self.log = settings, at, log
        self.xvnc = Xvnc("", at.name, settings, at, log)
        self.display = ""

    def check(self) -> None:
        """Check that all programs are installed.

        Raises:
            XServerMissing, WindowManagerMissing: one is not.
        """
        # The X server comes first, because it is missing most often.
        for missing, programs in ((XServerMissing, names.X_SERVERS), (WindowManagerMissing, names.WINDOW_MANAGERS)):
            _path(missing, programs)

    def write_files(self) -> None:
        """Write the files that the programs read."""
        open_url.install(self.at, sys.executable)
        icewm.write_files(self.at, self.settings.tools_python)

    def start_x_server(self) -> int:
        """Start Xvnc; return its process id."""
        self.xvnc.program = _path(XServerMissing, names.X_SERVERS)
        return self.xvnc.start()

    def start_window_manager(self) -> int:
        """Start the window manager; return its process id."""
        command = self._on_display(_path(WindowManagerMissing, names.WINDOW_MANAGERS))
        return spawn(command, log=self.log, cwd=_home(), timer_slack=icewm.TIMER_SLACK)

    def paint_background(self) -> None:
        """Start icewmbg, which paints the background, if it is installed; without it the desktop is black."""
        program = on_path(["icewmbg"])
        if program:
            spawn(self._on_display(program), log=self.log)

    def start_agent(self) -> int:
        """Start the agent (``desktop.agent``); return its process id."""
        command = self._on_display(sys.executable)
        words = (self.at.name, str(self.settings.idle_minutes), self.settings.geometry)
        argv = (*command.argv, "-m", names.AGENT, *words)
        return spawn(Command(argv, seen(command.env)), log=self.log)

    def _on_display(self, program: str) -> Command:
        return icewm.window_manager_command(
            program,
            config=self.at.icewm,
            display=self.display,
            xauthority=self.at.xauthority,
            env={**os.environ, **open_url.environment(self.at, os.environ)},
        )


def _path(missing: type[XServerMissing] | type[WindowManagerMissing], programs: Tuple[str, ...]) -> str:
    path = on_path(programs)
    if path is not None:
        return path
    package = "icewm" if missing is WindowManagerMissing else "tigervnc-standalone-server"
    raise missing(programs, package)


def _home() -> str:
    home = os.path.expanduser("~")
    return home if os.path.isdir(home) else "/"
