"""When a desktop last had input, and whose windows are on it.

A separate program asks the X server, ``x11.use_program``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import FrozenSet, NamedTuple, Optional

from .. import names
from ..runtime.record import Record
from ..system.pythonpath import seen
from .icewm import display_environment


class Use(NamedTuple):
    """The use of a desktop at one moment.

    Attributes:
        quiet: the seconds since the last keyboard or mouse input, or since the start of the X server.
        clients: PIDs of the processes that are connected to the X server, and of the server.
    """

    quiet: float
    clients: FrozenSet[int]


def use_of(record: Record, *, timeout: float = 10.0) -> Optional[Use]:
    """Return the use of a desktop; None if it has ended, or does not answer within ``timeout`` seconds."""
    environment = {**seen(os.environ), **display_environment(record.display, Path(record.xauthority))}
    command = [sys.executable, "-m", names.USE]
    try:
        done = subprocess.run(command, env=environment, cwd="/", capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    answer = json.loads(done.stdout)
    return Use(answer["quiet"], frozenset(answer["clients"]))
