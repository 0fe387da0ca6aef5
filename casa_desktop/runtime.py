"""The runtime directory: where desktops lie, how they are found, and what keeps others out.

One folder per desktop, below a root that only the user can enter::

    <root>/<name>/record.json    by which every other process finds the desktop
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
import shutil
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional

from . import stored, xfiles
from .errors import InvalidName, RuntimeDirectoryError, Shortage

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

    It is ``$CASA_DESKTOP_RUNTIME_DIR``, else ``$XDG_RUNTIME_DIR/casa-desktop``, else
    ``/tmp/casa-desktop-UID``.

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
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not os.path.lexists(root):
            return root
        found = root.lstat()
    except OSError as error:
        raise Shortage.of(error) or RuntimeDirectoryError(
            root, f"{error.strerror}. Set CASA_DESKTOP_RUNTIME_DIR to a folder of yours."
        ) from error
    fault = _fault(root, found)
    if fault:
        raise RuntimeDirectoryError(root, fault)
    return root


def _fault(root: Path, found: os.stat_result) -> str:
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return "it is not a folder of yours. Set CASA_DESKTOP_RUNTIME_DIR to one that is."
    if found.st_mode & 0o077:
        return f"others may enter it. Close it with 'chmod 700 {root}'."
    return ""


def is_private(root: Path) -> bool:
    """Tell whether ``root`` is there, and is what ``runtime_root`` accepts."""
    try:
        return not _fault(root, root.lstat())
    except OSError:
        return False


def configured_root(environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return where the root is, whether or not it is there; ``environ`` is that of ``runtime_root``."""
    told = os.environ if environ is None else environ
    chosen = told.get("CASA_DESKTOP_RUNTIME_DIR")
    if chosen:
        return Path(chosen).absolute()
    session = told.get("XDG_RUNTIME_DIR")
    if session and os.access(session, os.W_OK):
        return Path(session) / "casa-desktop"
    return Path(f"/tmp/casa-desktop-{os.getuid()}")


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

    Raises:
        InvalidName: it is no name for a desktop.
        RuntimeDirectoryError: as ``runtime_root``; also when the socket's path would be too long.
    """
    found = Places(runtime_root(make=make) / checked_name(name))
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

    def write(self, path: Path) -> None:
        """Write the record so that a reader sees all of it or nothing."""
        stored.write(path, self)


def read_record(path: Path) -> Optional[Record]:
    """Return the record at ``path``; None where there is none, or one that makes no sense."""
    return stored.read(path, Record)


def names() -> List[str]:
    """Return the names of all folders below the root, living or dead, in order.

    Raises:
        Shortage: the root cannot be read now.
    """
    try:
        with os.scandir(runtime_root(make=False)) as entries:
            return sorted(
                each.name for each in entries if each.is_dir(follow_symlinks=False) and _NAME.fullmatch(each.name)
            )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Shortage.of(error) or error from error


def clear(folder: Path) -> None:
    """Remove a dead desktop's folder, and what its X server left; it is no error if nothing is there."""
    try:
        record = read_record(Places(folder).record)
    except Shortage:
        record = None
    if record is not None:
        # Supervisor and X server were killed together, as when their container ends.
        xfiles.remove_dead(record.display)
    shutil.rmtree(folder, ignore_errors=True)


def remove_root_if_empty() -> None:
    """Remove the root when its last desktop is gone; call it with the root locked."""
    # It fails while other desktops are there, or where somebody has just begun another one.
    with suppress(OSError):
        configured_root().rmdir()


def rfb_banner(path: Path, timeout: float) -> bytes:
    """Connect to an RFB server's unix socket and return the 12 bytes with which it greets.

    Source: RFC 6143, section 7.1.1.

    Raises:
        OSError: nobody listens, or nothing came within ``timeout`` seconds.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        return connection.recv(12, socket.MSG_WAITALL)
