"""The runtime directory: the folders of desktops, their files, and their protection from other users.

Each desktop has a folder below a root that only the user can enter (``runtime.location`` finds the root)::

    <root>/<name>/record.json    lets other processes find the desktop (and record.kept: ``desktop.mending``)
                  Xauthority     the X cookie
                  rfb.sock       the socket of Xvnc
                  desktop.log    the output of the supervisor, Xvnc and IceWM (and desktop.kept, likewise)
                  icewm/         IceWM's files
                  bin/           programs that replace a browser on the desktop (``desktop.open_url``)
                  links/         addresses that programs on the desktop request to open
                  shares/        links with which other users may view the desktop (``views.share_links``)
    <root>/.<name>.ended         why a desktop ended without being stopped (``runtime.exit_reason``)
    <root>/.former-<digest>      that a kernel died on a full disk (``casa_kernel.jupyter.former_kernel``)
    <root>/.kernels/<id>/        files that a container and its launcher share (``runtime.rendezvous``)

A supervisor holds a lock on its desktop's folder until it ends (``system.locks``), so a folder whose lock is free
belongs to a dead desktop, whatever its record contains.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional

from ..errors import InvalidName, RuntimeDirectoryError, Shortage
from ..names import OUTSIDE
from ..system import locks
from . import location
from .location import SOCKET_PATH_LIMIT, configured_root, is_private

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
# These are parts of URLs at the same place as the desktops' names.
_RESERVED = frozenset({"api", "shared", "static"})


def checked_name(name: str) -> str:
    """Return ``name`` if it can be a desktop's name; raise InvalidName otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidName(name)
    return name


def runtime_root(*, make: bool = True, environ: Optional[Mapping[str, str]] = None) -> Path:
    """Return the root for new desktops of this user; create it with mode 0700 if it is missing.

    Args:
        make: create a missing root. A caller that only reads passes False; otherwise a root that was removed with its
            last desktop would be created again.
        environ: the environment that determines the root; by default that of this process.

    Raises:
        RuntimeDirectoryError: the root is not a folder, belongs to another user, is open to others, or cannot be
            created.
        Shortage: there is no space for it.
    """
    root = configured_root(environ)
    try:
        if make:
            location.make(root)
        elif not os.path.lexists(root):
            return root
        status = root.lstat()
    except OSError as error:
        raise Shortage.of(error) or RuntimeDirectoryError(
            root, f"{error.strerror}. Set CASA_DESKTOP_RUNTIME_DIR to a folder of yours."
        ) from error
    fault = location.fault(root, status)
    if fault:
        raise RuntimeDirectoryError(root, fault)
    return root


def private_root() -> Path:
    """Return the folder in which a kernel creates its private folders, which are removed when it ends.

    This is the root; in a container it is the folder that the launcher outside removes, however the container ends.

    Raises:
        RuntimeDirectoryError: as ``runtime_root``.
    """
    outside = os.environ.get(OUTSIDE)
    return Path(outside).parent if outside else runtime_root()


@dataclass(frozen=True)
class Places:
    """The name and the paths of one desktop; they may not exist.

    Attributes:
        folder: the desktop's own folder, mode 0700.
    """

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

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
    """Return the paths of the desktop ``name``; ``make`` as for ``runtime_root``.

    If the desktop is running already, they are its present paths, even in a root that another environment of the same
    user has determined.

    Raises:
        InvalidName: ``name`` is not a valid name of a desktop.
        RuntimeDirectoryError: as ``runtime_root``; also if the socket's path would be too long.
        Shortage: the present paths cannot be determined now.
    """
    at = Places(runtime_root(make=make) / checked_name(name))
    for root in location.others():
        if is_private(root) and locks.is_held(root / name) and not locks.is_held(at.folder):
            at = Places(root / name)
    check_length(at.rfb_socket, at.folder, "the path of its socket has")
    return at


def check_length(socket: Path, folder: Path, beginning: str) -> None:
    """Check that a unix socket can have a path.

    Args:
        socket: the path.
        folder: the folder that the error names.
        beginning: the sentence's first words, up to the number of bytes.

    Raises:
        RuntimeDirectoryError: the path is too long.
    """
    length = len(os.fsencode(socket))
    if length > SOCKET_PATH_LIMIT:
        raise RuntimeDirectoryError(
            folder,
            f"{beginning} {length} bytes, and unix sockets allow {SOCKET_PATH_LIMIT}. "
            "Set CASA_DESKTOP_RUNTIME_DIR to a shorter one.",
        )


def roots() -> List[Path]:
    """Return the roots in which this user's desktops are looked for: the one for new desktops comes first.

    Raises:
        RuntimeDirectoryError: as ``runtime_root``.
    """
    return [runtime_root(make=False), *filter(is_private, location.others())]


def names() -> List[str]:
    """Return the names of all desktops that have a folder, living or dead, in order.

    Raises:
        RuntimeDirectoryError, Shortage: as ``everywhere``.
    """
    return sorted({each.name for each in everywhere()})


def everywhere() -> List[Places]:
    """Return the paths of all desktops of this user that have a folder, living or dead, by name.

    Raises:
        RuntimeDirectoryError: as ``runtime_root``.
        Shortage: a root cannot be read now.
    """
    return sorted((Places(folder) for root in roots() for folder in _folders(root)), key=lambda each: each.name)


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
