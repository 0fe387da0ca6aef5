"""A tool's window, as the kernel asks it: whether the thread that draws it is there, and waits for its user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping

from casa_desktop import session

ANSWERS, SILENT, DIALOG, NONE = "answers", "silent", "dialog", "none"

# Seconds until the program that asks is there, on a busy machine.
_BEGINS = 5.0


class ToolWindow:
    """The windows of one tool on one desktop.

    Args:
        pid: the tool's process.
        display: the variables that put it there.

    Attributes:
        dialog: the title of the dialog that was open when it was asked last, or nothing.
    """

    def __init__(self, pid: int, display: Mapping[str, str]) -> None:
        self._pid, self._display = pid, display
        self.dialog = ""

    def ask(self, within: float) -> str:
        """Return ``ANSWERS``, ``SILENT``, ``DIALOG``, or ``NONE`` where it has no windows; nothing if nobody can tell.

        Args:
            within: how long the answer may take, in seconds. A window that has time answers in a millisecond.
        """
        program = str(Path(__file__).with_name("windowping.py"))
        try:
            done = subprocess.run(
                [sys.executable, program, str(self._pid), str(within)],
                env={**session.seen(os.environ), **self._display},
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
            # Where the X server is stopped, that is no fault of the tool's.
            return ""
        word, _, self.dialog = done.stdout.decode(errors="replace").strip().partition(" ")
        return word if word in (ANSWERS, SILENT, DIALOG, NONE) else ""
