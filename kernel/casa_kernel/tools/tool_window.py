"""Ask a tool's window whether the thread that draws it responds, and whether it waits for the user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping

from casa_desktop.system import pythonpath

ANSWERS, SILENT, DIALOG, NONE = "answers", "silent", "dialog", "none"

# Seconds until the asking program has started, on a busy machine.
_BEGINS = 5.0


class ToolWindow:
    """The windows of one tool on one desktop.

    Args:
        display: the variables that put it there.

    Attributes:
        dialog: the title of the dialog that was open at the last request, or an empty string.
    """

    def __init__(self, pid: int, display: Mapping[str, str]) -> None:
        self._pid, self._display = pid, display
        self.dialog = ""

    def ask(self, within: float) -> str:
        """Return ``ANSWERS``, ``SILENT``, ``DIALOG``, ``NONE`` if it has no windows, or an empty string if unknown.

        Args:
            within: how long the answer may take, in seconds. An idle window answers in a millisecond.
        """
        program = str(Path(__file__).with_name("window_ping.py"))
        try:
            done = subprocess.run(
                [sys.executable, program, str(self._pid), str(within)],
                env={**pythonpath.seen(os.environ), **self._display},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # An interrupt of the kernel goes to its whole process group.
                start_new_session=True,
                timeout=within + _BEGINS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            # A stopped X server is not the tool's fault.
            return ""
        word, _, self.dialog = done.stdout.decode(errors="replace").strip().partition(" ")
        return word if word in (ANSWERS, SILENT, DIALOG, NONE) else ""
