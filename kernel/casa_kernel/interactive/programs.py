"""Start the kernel's own programs on a desktop, beside an editor; each is a file of this package, run by its path."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List, Mapping

from casa_desktop.system import pythonpath

from ..tools.private_folder import PrivateFolder
from ..tools.processes import Child, start


def command(file: str, *words: str) -> List[str]:
    """Return the command line that runs a file of this package with the kernel's Python."""
    return [sys.executable, str(Path(__file__).with_name(file)), *words]


def start_beside(folder: PrivateFolder, name: str, argv: List[str], display: Mapping[str, str]) -> Child:
    """Start a program that is not a server.

    Args:
        folder: the folder for its output.
        name: its name, for messages.
        argv: its command line.
        display: the variables that put it on a desktop.

    Raises:
        ToolFailed, ForkedProcess, NoRoom, Shortage: as ``start``.
    """
    return start(folder, name, argv, {**pythonpath.seen(os.environ), **display}, server=False)
