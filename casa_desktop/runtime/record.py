"""What is known of a running desktop, as it lies in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..system import files
from .directory import Places


@dataclass(frozen=True)
class Record:
    """The file that describes a running desktop.

    Attributes:
        name: the desktop's name.
        display: name of the X display, like ``:7``.
        xauthority: path of the cookie file.
        rfb_socket: path of the unix socket on which Xvnc serves RFB.
        supervisor_pid: process id of the supervisor, or of the launcher of the supervisor's container.
        x_server_pid: process id of Xvnc, in the supervisor's pid namespace.
        started: time of the start, in seconds since the epoch.
        version: the version of casa-desktop that started it.
        idle_minutes: the desktop is stopped after this time without use, in minutes; 0 for never.
        ends: time at which the desktop is ended, in seconds since the epoch; 0 for never.
        pid_namespace: the namespace in which ``supervisor_pid`` is valid; elsewhere it may be another process.
    """

    name: str
    display: str
    xauthority: str
    rfb_socket: str
    supervisor_pid: int
    x_server_pid: int
    started: float
    version: str
    idle_minutes: float = 0.0
    pid_namespace: str = ""
    ends: float = 0.0

    @property
    def at(self) -> Places:
        """The paths of this desktop."""
        return Places(Path(self.rfb_socket).parent)

    def write(self, path: Path) -> None:
        """Write the record atomically."""
        files.write(path, self)


def read_record(path: Path) -> Optional[Record]:
    """Return the record at ``path``; None if there is none, or it is invalid."""
    return files.read(path, Record)
