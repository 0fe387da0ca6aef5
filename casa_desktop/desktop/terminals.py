"""The terminals of a desktop, from /proc: which programs run in them, and when they last had output or input.

Source: proc(5), and for the times of a terminal's device file tty_update_time() in Linux's drivers/tty/tty_io.c.
"""

from __future__ import annotations

import math
import os
import time
from typing import Dict, Iterator, List, NamedTuple, Tuple

_SHELLS = frozenset({"bash", "csh", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh"})


class Terminal(NamedTuple):
    """A terminal whose shell was started on the desktop.

    Attributes:
        programs: PIDs of the programs that run in it, without the waiting shell.
        quiet: the seconds since the last output or input. Linux updates this time only every 8 seconds; infinity if the
            clock has been set back since.
    """

    programs: Tuple[int, ...]
    quiet: float


def of_desktop(xauthority: str) -> List[Terminal]:
    """Return the terminals of the desktop with this cookie file."""
    sessions: Dict[int, List[int]] = {}
    for pid, session in _with_terminal():
        sessions.setdefault(session, []).append(pid)
    mark = b"XAUTHORITY=" + os.fsencode(xauthority)
    found = []
    for leader, members in sessions.items():
        try:
            if mark in _read(leader, "environ").split(b"\0"):
                found.append(_terminal(leader, members))
        except OSError:
            # The process has just ended, or belongs to another user.
            continue
    return found


def _terminal(leader: int, members: List[int]) -> Terminal:
    device = os.stat(f"/proc/{leader}/fd/0")
    # Linux takes these times from the system clock. If that has been set back since, they are useless.
    since = time.time() - max(device.st_mtime, device.st_atime)
    # 'xterm -e program' runs no shell.
    is_shell = _read(leader, "comm").decode(errors="replace").strip() in _SHELLS
    return Terminal(tuple(pid for pid in members if pid != leader or not is_shell), since if since >= 0 else math.inf)


def _with_terminal() -> Iterator[Tuple[int, int]]:
    """Yield the PID and the session of each process that has a controlling terminal."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # The program's name, in parentheses, may contain any characters.
            fields = _read(int(entry), "stat").rpartition(b")")[2].split()
        except OSError:
            continue
        state, session, terminal = fields[0], int(fields[3]), int(fields[4])
        if terminal and state != b"Z":
            yield int(entry), session


def _read(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
