"""End a desktop in order, as its supervisor does: the programs on it, Xvnc last, then the desktop's folder."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, List

from ..runtime import x_files
from ..runtime.directory import Places
from ..runtime.exit_reason import write_removal
from ..runtime.removal import clear
from ..system.open_folder import is_at
from ..system.process import descendants, end, is_in_session
from ..system.respawn import Child
from ..x11 import clients as xclients

if TYPE_CHECKING:
    import psutil

GRACE_SECONDS = 3.0
# How long the X server may take to list its clients; 0.1 s is usual.
CLIENTS_SECONDS = 2.0


def end_desktop(at: Places, lock: int, display: str, x_server: Child, *, contained: bool) -> None:
    """End all programs on the desktop of this process, and remove the desktop's folder.

    Args:
        at: the desktop's paths.
        lock: the descriptor of the folder's lock.
        display: the name of the X display; empty if there has been none.
        x_server: Xvnc.
        contained: the desktop has a container of its own, in which all processes end with it.
    """
    stands = is_at(at.folder, lock)
    if stands:
        # First, so that no process takes the ending desktop for a running one.
        at.record.unlink(missing_ok=True)
    # Programs that close their connection to a stopped X server would wait for it.
    x_server.signal(signal.SIGCONT)
    processes = descendants() if contained else _own(at, display)
    server = [each for each in processes if each.pid == x_server.pid]
    end((each for each in processes if each.pid != x_server.pid), GRACE_SECONDS)
    if not stands:
        # Not earlier: the program that removes the folder would find a new file in a parent that it has emptied.
        # Not later: each view now asks why its desktop ended.
        write_removal(at.name, at.folder)
        # Killed, because Xvnc would remove its sockets by path, and the paths may belong to the next Xvnc.
        x_server.signal(signal.SIGKILL)
    end(server, GRACE_SECONDS)
    x_files.remove_dead(display)
    clear(at.folder, lock)


def _own(at: Places, display: str) -> List[psutil.Process]:
    """Return the descendants that end with the desktop: those in our session, and those with windows.

    Processes that the user has detached, by nohup(1) or setsid(1), are neither; another desktop is neither. The
    programs in a terminal receive SIGHUP when the terminal closes.
    """
    processes = descendants()
    clients = xclients.pids(display, at.xauthority, CLIENTS_SECONDS) if display else set()
    return [each for each in processes if each.pid in clients or is_in_session(each, os.getsid(0))]
