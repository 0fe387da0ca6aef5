"""Take screenshots of desktops and of their windows, and list the windows' titles.

A separate program does the work, ``x11.screenshot_program``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterable, List, Optional

from .. import errors, names
from ..runtime.record import Record
from ..system.output import last_line
from ..system.pythonpath import seen
from .icewm import display_environment

# The exit status of the screenshot program if no window matches.
NO_SUCH_WINDOW = 2


def screenshot(record: Record, window: str = "", *, timeout: float = 10.0) -> bytes:
    """Return a picture of the whole desktop, or of one of its windows, as PNG.

    Args:
        record: the desktop's record.
        window: text in the window's title or in its program's name, ignoring case; the topmost such window is chosen.
            Windows that cover it are not in the picture.
        timeout: time limit, in seconds; 0.1 s is usual, 0.4 s for a window.

    Raises:
        NoSuchWindow: no window matches.
        ScreenshotFailed: the desktop has ended, the window is minimised, or the time limit has passed.
    """
    done = _run(record, window, timeout)
    if done.returncode == NO_SUCH_WINDOW:
        raise errors.NoSuchWindow(record.name, window, tuple(json.loads(done.stdout)))
    return _output(record, done)


def titles(record: Record, *, timeout: float = 10.0) -> List[str]:
    """Return the titles of the desktop's windows, the topmost one first.

    Raises:
        ScreenshotFailed: as ``screenshot``.
    """
    upwards: List[str] = json.loads(_output(record, _run(record, "--titles", timeout)))
    return upwards[::-1]


def _run(record: Record, word: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            picture_command(word),
            env=_environment(record),
            cwd="/",
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise errors.ScreenshotFailed(record.name, f"it did not answer within {timeout:g} s.") from error


def _output(record: Record, done: subprocess.CompletedProcess[bytes]) -> bytes:
    if done.returncode:
        raise errors.ScreenshotFailed(record.name, last_line(done.stderr))
    return done.stdout


def _environment(record: Record) -> Dict[str, str]:
    return {**seen(os.environ), **display_environment(record.display, Path(record.xauthority))}


class Glimpse:
    """A picture of a window that will open soon. Create it before the program draws, so that no time is lost.

    Args:
        record: the desktop's record.
    """

    def __init__(self, record: Record) -> None:
        self._program = subprocess.Popen(
            picture_command("--of-pids"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(record),
            cwd="/",
            # An interrupt of the kernel is sent to its whole process group.
            start_new_session=True,
        )

    def of(self, pids: Iterable[int], *, within: float = 5.0, timeout: float = 10.0) -> Optional[bytes]:
        """Return the picture of the topmost window of the processes ``pids`` as PNG, when it is drawn.

        Call it only once.

        Args:
            pids: process ids.
            within: how long to wait for the window to open, in seconds; 0 if it must be open already.
            timeout: time limit for the whole call, in seconds.

        Returns:
            The picture; None if there is no such window, or the desktop has ended.
        """
        words = " ".join(str(each) for each in (within, *pids)) + "\n"
        try:
            picture_of_it, _ = self._program.communicate(words.encode(), timeout=timeout)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            return None
        return picture_of_it if self._program.returncode == 0 else None

    def close(self) -> None:
        """End the program; safe to call twice."""
        self._program.kill()
        self._program.communicate()


def picture_command(word: str = "") -> list[str]:
    """Return the command line that takes a screenshot; ``word`` is an argument of ``x11.screenshot_program``."""
    return [sys.executable, "-m", names.SCREENSHOT, *([word] if word else [])]
