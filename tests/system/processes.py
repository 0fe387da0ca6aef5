"""The processes of one test run, told apart by their environment, and the TCP ports on which they listen."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Dict, List, Set

import psutil

from casa_desktop.ourselves import LAUNCHER

MARK = "CASA_DESKTOP_RUNTIME_DIR"
LISTENING = "0A"


def ours(environment: Dict[str, str]) -> List[psutil.Process]:
    """Return the living processes that were started with this runtime directory, by whomever."""
    return [process for process in psutil.process_iter() if _variable(process, MARK) == environment[MARK]]


def _variable(process: psutil.Process, name: str) -> str:
    try:
        return process.environ().get(name, "") if process.status() != psutil.STATUS_ZOMBIE else ""
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def name(process: psutil.Process) -> str:
    """Return what a process is: a Python module's name, or its program's."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return "gone"
    for before in ("-m", LAUNCHER):
        if before in words[:4]:
            return words[words.index(before) + 1]
    # The tools call themselves PID-casaviewer-svr and the like; the program's file tells more.
    program = Path(process.exe()).name
    return Path(words[1]).name if program.startswith("python") and len(words) > 1 else program


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
    return found - {"gone"}


def _sockets(process: psutil.Process) -> Set[str]:
    """Return the inodes of a process's sockets."""
    found = set()
    try:
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    except (FileNotFoundError, ProcessLookupError):
        # It, or the descriptor, has just gone; what was seen so far counts.
        pass
    return found
