"""Draw a desktop's windows larger, for screens with small pixels."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import List

from .. import errors, names
from ..runtime.record import Record
from ..system.output import last_line
from ..system.pythonpath import seen
from ..x11 import icewm
from .lifecycle import environment


def set_scale(record: Record, ratio: float, *, timeout: float = 10.0) -> None:
    """Draw the desktop's windows ``ratio`` times as large as usual, from 1 to 4, for screens with small pixels.

    The window manager applies the scale at once; programs apply it when they start. If the desktop has this scale
    already, nothing happens; for ratio 1 on a desktop that never had another scale, not even a process starts.

    Args:
        record: the desktop's record.
        ratio: screen pixels per CSS pixel, in one direction.
        timeout: how long the change may take, in seconds; 0.2 s is usual.

    Raises:
        ScalingFailed: the desktop has ended, or there was no answer within ``timeout`` seconds.
    """
    try:
        # Each page sets its scale just when it waits for its first picture, and starting a process delays the picture.
        if ratio == 1 and not icewm.was_scaled(record.at):
            return
    except OSError as error:
        raise errors.ScalingFailed(record.name, str(error)) from error
    try:
        done = subprocess.run(
            _command(record.name, ratio),
            env={**seen(os.environ), **environment(record)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise errors.ScalingFailed(record.name, f"it did not answer within {timeout:g} s.") from error
    if done.returncode:
        raise errors.ScalingFailed(record.name, last_line(done.stderr))


def _command(name: str, ratio: float) -> List[str]:
    return [sys.executable, "-m", names.SCALE, name, f"{ratio:g}"]
