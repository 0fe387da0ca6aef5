"""The runtime directory: where desktops lie, how they are found, and what keeps others out.

One folder per desktop, below a root that only the user can enter (``roots`` tells where that may be)::

    <root>/<name>/record.json    by which every other process finds the desktop (and record.kept: ``mending``)
                  Xauthority     the X cookie
                  rfb.sock       where Xvnc listens
                  desktop.log    what the supervisor, Xvnc and IceWM said
                  icewm/         IceWM's files
                  bin/           programs that stand for a browser on the desktop (``links``)
                  links/         addresses that programs on the desktop ask to open
                  shares/        links by which others may look at the desktop (``shares``)
    <root>/.<name>.ended         why a desktop that nobody stopped has ended (``lastwords``)
    <root>/.kernels/<id>/        what a container and its launcher share (``berths``)

A supervisor holds a lock on its desktop's folder for as long as it lives (``locks``), so a folder whose lock is free
is a dead desktop's, whatever its record says.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional

from . import folders, locks, roots, stored, xfiles
from .errors import InvalidName, RuntimeDirectoryError, Shortage
from .roots import configured_root, is_private
from .unixsockets import connected

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
# They are parts of URLs beside the desktops' names.
_RESERVED = frozenset({"api", "shared", "static"})
# Set inside of a container: the path of its launcher's socket (``lifeline``).
OUTSIDE_VARIABLE = "CASA_DESKTOP_OUTSIDE"
# sun_path holds 108 bytes with the final zero: unix(7).
_SOCKET_PATH_LIMIT = 107


def checked_name(name: str) -> str:
    """Return ``name`` if it can be a desktop's name; raise InvalidName otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidName(name)
    return name


def runtime_root(*, make: bool = True, environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return the root of all desktops of this user, created with mode 0700 if need be.

    Args:
        make: create it. Who only looks does not, or the root that went with its last desktop would be back.
        environ: the environment that tells where it is, by default this process's.

    Raises:
        RuntimeDirectoryError: it is not a folder, not the user's own, open to others, or cannot be made.
        Shortage: there is no room for it.
    """
    root = configured_root(environ)
    try:
        if make:
            roots.make(root)
        elif not os.path.lexists(root):
            return root
        found = root.lstat()
    except OSError as error:
        raise Shortage.of(error) or RuntimeDirectoryError(
            root, f"{error.strerror}. Set CASA_DESKTOP_RUNTIME_DIR to a folder of yours."
        ) from error
    fault = roots.fault(root, found)
    if fault:
        raise RuntimeDirectoryError(root, fault)
    return root


def private_root() -> Path:
    """Return where a kernel makes folders of its own, which end with it.

    It is the root; in a container it is the folder that the launcher outside removes, however the container ends.

    Raises:
        RuntimeDirectoryError: as ``runtime_root``.
    """
    outside = os.environ.get(OUTSIDE_VARIABLE)
    return Path(outside).parent if outside else runtime_root()


@dataclass(frozen=True)
class Places:
    """The paths of one desktop; none of them need exist.

    Attributes:
        folder: the desktop's own folder, mode 0700.
    """

    folder: Path

    @property
    def record(self) -> Path:
        return self.folder / "record.json"

    @property
    def xauthority(self) -> Path:
        return self.folder / "Xauthority"

    @property
    def rfb_socket(self) -> Path:
        return self.folder / "rfb.sock"

    @property
    def new_rfb_socket(self) -> Path:
        return self.folder / "rfb.new"

    @property
    def log(self) -> Path:
        return self.folder / "desktop.log"

    @property
    def icewm(self) -> Path:
        return self.folder / "icewm"

    @property
    def browsers(self) -> Path:
        return self.folder / "bin"

    @property
    def links(self) -> Path:
        return self.folder / "links"

    @property
    def shares(self) -> Path:
        return self.folder / "shares"


def places(name: str, *, make: bool = True) -> Places:
    """Return the paths of the desktop ``name``; ``make`` is that of ``runtime_root``.

    They are where it lives already, be it in a root that another environment of the same user has chosen.

    Raises:
        InvalidName: it is no name for a desktop.
        RuntimeDirectoryError: as ``runtime_root``; also when the socket's path would be too long.
        Shortage: it cannot be told where it lives.
    """
    found = Places(runtime_root(make=make) / checked_name(name))
    for root in roots.others():
        if is_private(root) and locks.is_held(root / name) and not locks.is_held(found.folder):
            found = Places(root / name)
    length = len(os.fsencode(found.rfb_socket))
    if length > _SOCKET_PATH_LIMIT:
        raise RuntimeDirectoryError(
            found.folder,
            f"the path of its socket has {length} bytes, and unix sockets allow {_SOCKET_PATH_LIMIT}. "
            "Set CASA_DESKTOP_RUNTIME_DIR to a shorter one.",
        )
    return found


@dataclass(frozen=True)
class Record:
    """What is written down about a running desktop.

    Attributes:
        name: the desktop's name.
        display: X's name of it, like ``:7``.
        xauthority: path of the cookie file.
        rfb_socket: path of the unix socket on which Xvnc speaks RFB.
        supervisor_pid: process id of the supervisor, or of the launcher of the supervisor's container.
        x_server_pid: process id of Xvnc, as the supervisor sees it.
        started: seconds since the epoch.
        version: the version of casa-desktop that started it.
        idle_minutes: after so many minutes without use it is stopped; 0 for never.
        pid_namespace: where ``supervisor_pid`` means that process; elsewhere it may be another's.
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

    @property
    def at(self) -> Places:
        """The paths of this very desktop."""
        return Places(Path(self.rfb_socket).parent)

    def write(self, path: Path) -> None:
        """Write the record so that a reader sees all of it or nothing."""
        stored.write(path, self)


def read_record(path: Path) -> Optional[Record]:
    """Return the record at ``path``; None where there is none, or one that makes no sense."""
    return stored.read(path, Record)


def names() -> List[str]:
    """Return the names of all desktops that have a folder, living or dead, in order.

    Raises:
        RuntimeDirectoryError, Shortage: as ``everywhere``.
    """
    return sorted({each.folder.name for each in everywhere()})


def everywhere() -> List[Places]:
    """Return the paths of all desktops of this user that have a folder, living or dead, by name.

    Raises:
        RuntimeDirectoryError: as ``runtime_root``.
        Shortage: a root cannot be read now.
    """
    own = [runtime_root(make=False), *filter(is_private, roots.others())]
    return sorted((Places(folder) for root in own for folder in _folders(root)), key=lambda each: each.folder.name)


def _folders(root: Path) -> List[Path]:
    try:
        with os.scandir(root) as entries:
            return [
                Path(each.path) for each in entries if each.is_dir(follow_symlinks=False) and _NAME.fullmatch(each.name)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Shortage.of(error) or error from error


def clear(folder: Path, descriptor: Optional[int] = None) -> None:
    """Remove a dead desktop's folder, and what its X server left; it is no error if nothing is there.

    Args:
        folder: its path.
        descriptor: of the folder that is meant, for the process that has made or locked it: another one that has the
            path by now is left alone. Without it the folder that is there is meant, unless a living process holds it.
    """
    if descriptor is not None:
        if folders.is_at(folder, descriptor):
            _remove_x_files(folder)
        folders.remove(folder, descriptor)
        return
    with suppress(OSError), locks.unheld(folder) as dead:
        _remove_x_files(folder)
        folders.remove(folder, dead)


def _remove_x_files(folder: Path) -> None:
    with suppress(Shortage):
        record = read_record(Places(folder).record)
        if record is not None:
            # Supervisor and X server were killed together, as when their container ends.
            xfiles.remove_dead(record.display)


def remove_root_if_empty(root: Optional[Path] = None) -> None:
    """Remove a root, by default the one for new desktops, when its last desktop is gone; call it with it locked."""
    # It fails while other desktops are there, or where somebody has just begun another one.
    with suppress(OSError):
        (root or configured_root()).rmdir()


def rfb_banner(path: Path, timeout: float) -> bytes:
    """Connect to an RFB server's unix socket and return the 12 bytes with which it greets.

    Source: RFC 6143, section 7.1.1.

    Raises:
        OSError: nobody listens, or nothing came within ``timeout`` seconds.
    """
    with connected(path, timeout) as connection:
        connection.settimeout(timeout)
        return connection.recv(12, socket.MSG_WAITALL)
