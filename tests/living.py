"""What is asked of a process that may end, and be buried or not, while it is asked."""

from __future__ import annotations

from typing import List

import psutil


def command(process: psutil.Process) -> List[str]:
    """Return the words of a process's command line: none of one that has ended, waited for by its parent or not."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
