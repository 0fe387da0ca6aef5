"""Processes that are killed or stopped for a test."""

from __future__ import annotations

import os
import select
import signal

from casa_desktop.system.process import open_pid


def kill(pid: int) -> None:
    """Kill a process, and return when it has ended."""
    descriptor = open_pid(pid)
    assert descriptor is not None
    os.kill(pid, signal.SIGKILL)
    assert select.select([descriptor], [], [], 10)[0]
    os.close(descriptor)
