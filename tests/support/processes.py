"""The processes of one test run, told apart by their environment, and the TCP ports on which they listen."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Dict, List, Set

import psutil

from casa_desktop.system.process import belonging
from casa_desktop.system.pythonpath import LAUNCHER

from .living import command, is_alive, line_of, opened, program, with_variable

MARK = "CASA_DESKTOP_RUNTIME_DIR"
LISTENING = "0A"
# What a process is that has ended before it was asked.
GONE = "gone"


def ours(environment: Dict[str, str]) -> List[psutil.Process]:
    """Return the living processes that were started with this runtime directory, by whomever."""
    return [each for each in with_variable(MARK, environment[MARK]) if is_alive(each)]


def with_guards(environment: Dict[str, str]) -> List[psutil.Process]:
    """Return ``ours``, and the guards of kernels: those have no such variable, and are told their folder's path."""
    folder = f"{environment[MARK]}/"
    return [*ours(environment), *(each for each in psutil.process_iter() if folder in line_of(each))]


def marked(mark: str) -> List[psutil.Process]:
    """Return this user's living processes, except this one, that have ``mark`` in a value of their environment."""
    return belonging(mark, 0)


def name(process: psutil.Process) -> str:
    """Return what a process is: a Python module's name, or its program's."""
    words = command(process)
    for before in ("-m", LAUNCHER):
        if before in words[:4]:
            return words[words.index(before) + 1]
    # The tools call themselves PID-casaviewer-svr and the like; the program's file tells more.
    own = Path(program(process)).name
    if not words or not own:
        return GONE
    return Path(words[1]).name if own.startswith("python") and len(words) > 1 else own


def ended(processes: List[psutil.Process], seconds: float = 15) -> bool:
    """Wait for the processes' ends, and tell whether they have come; their parents may be slow to notice."""
    deadline = time.monotonic() + seconds
    for process in processes:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        patience = max(deadline - time.monotonic(), 0)
        # Another one may have its number by now.
        gone = bool(select.select([descriptor], [], [], patience)[0]) or not process.is_running()
        os.close(descriptor)
        if not gone:
            return False
    return True


def listeners(processes: List[psutil.Process]) -> Set[str]:
    """Return the names of those processes that listen on a TCP port, by /proc/net/tcp and tcp6."""
    open_ports = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in map(str.split, Path("/proc/net", table).read_text().splitlines()[1:])
        if fields[3] == LISTENING
    }
    found = {name(process) for process in processes if _sockets(process) & open_ports}
    # Between fork and exec a child has its parent's sockets; one that has ended since listens no more.
    return found - {GONE}


def _sockets(process: psutil.Process) -> Set[str]:
    """Return the inodes of a process's sockets."""
    targets = (target for target in opened(process.pid) if target.startswith("socket:["))
    return {target[len("socket:[") : -1] for target in targets}
