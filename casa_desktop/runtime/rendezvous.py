"""The private rendezvous folder in which a kernel's sockets are, and in which a container meets its launcher outside.

The code calls the folder a *berth*::

    <root>/.kernels/<id>/outside.sock      the launcher's listening socket
                         connection.json   the kernel's connection file
                         k-1 … k-5         the kernel's sockets, if Jupyter connects over unix sockets

The lock of the folder is held as long as the launcher or the container lives. If a launcher was killed, the next one
removes its folder.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from ..errors import ContainerFailed, RuntimeDirectoryError
from ..system import locks
from . import directory, location, removal

HARBOUR = ".kernels"
_ID_BYTES = 4
_ID = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")
_ATTEMPTS = 5


@dataclass(frozen=True)
class Berth:
    """The paths of one rendezvous folder.

    Attributes:
        folder: the private folder, mode 0700.
    """

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "outside.sock"

    @property
    def connection_file(self) -> Path:
        return self.folder / "connection.json"

    @property
    def ipc(self) -> str:
        """The kernel's address in Jupyter's connection file for unix sockets; Jupyter appends ``-1`` and so on."""
        return str(self.folder / "k")


def new_berth(environ: Optional[Mapping[str, str]] = None) -> Berth:
    """Return the paths of a new rendezvous folder, without creating it.

    Args:
        environ: the environment that determines the runtime directory; by default that of this process.

    Raises:
        RuntimeDirectoryError: the runtime directory cannot be used, or its path is too long.
    """
    root = directory.runtime_root(environ=environ)
    berth = Berth(root / HARBOUR / os.urandom(_ID_BYTES).hex())
    # The longest name in the folder.
    directory.check_length(berth.socket, root, "the paths of a kernel's sockets would have")
    return berth


def present(berth: Berth, environ: Optional[Mapping[str, str]] = None) -> Berth:
    """Return the present path of a rendezvous folder.

    After its removal the kernel's host helper may have created it again in another root (``runtime.kept_sockets``).

    Args:
        berth: the folder at its former path.
        environ: as for ``new_berth``.
    """
    if not berth.folder.exists():
        for root in (location.configured_root(environ), *location.others(environ)):
            found = Berth(root / HARBOUR / berth.folder.name)
            if location.is_private(root) and locks.is_held(found.folder):
                return found
    return berth


def is_possible(berth: Berth, environ: Optional[Mapping[str, str]] = None) -> bool:
    """Return whether a kernel may be started with this folder: it is in the root that ``new_berth`` would use."""
    return berth.folder.parent.parent == location.configured_root(environ)


def berth_of(ipc: str) -> Berth:
    """Return the rendezvous folder of the address in a connection file, or a new one if the address is not ours.

    Raises:
        RuntimeDirectoryError: as ``new_berth``.
    """
    folder = Path(ipc).parent
    ours = folder.parent == directory.runtime_root() / HARBOUR and _ID.fullmatch(folder.name)
    return Berth(folder) if ours else new_berth()


def occupy(berth: Berth, timeout: float = 15.0) -> int:
    """Create the folder and lock it; return the descriptor of the lock.

    If the container of a former launcher still uses the folder, wait for its end: Jupyter restarts a kernel at the same
    address.

    Raises:
        ContainerFailed: the former container did not end in time.
        RuntimeDirectoryError: the folder cannot be created.
    """
    deadline = time.monotonic() + timeout
    for _ in range(_ATTEMPTS):
        # The last launcher to end removes the folders above, perhaps at this moment.
        with suppress(FileNotFoundError):
            return _occupy(berth, deadline)
    raise RuntimeDirectoryError(berth.folder, "it goes away again and again.")


def _occupy(berth: Berth, deadline: float) -> int:
    harbour = directory.runtime_root() / HARBOUR
    try:
        harbour.mkdir(mode=0o700, exist_ok=True)
        with locks.exclusive(harbour, deadline - time.monotonic()):
            if not locks.wait_until_free(berth.folder, deadline - time.monotonic()):
                raise ContainerFailed("the kernel", "its former one does not end. Try again.")
            _remove_deserted(harbour)
            berth.folder.mkdir(mode=0o700)
            return locks.hold(berth.folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RuntimeDirectoryError(harbour, f"{error.strerror}.") from error


def _remove_deserted(harbour: Path) -> None:
    for each in harbour.iterdir():
        if not locks.is_held(each):
            removal.clear(each)


def leave(berth: Berth, descriptor: Optional[int] = None) -> None:
    """Remove the folder, and the folders above it if they are empty then; for the launcher.

    Args:
        berth: the folder to remove.
        descriptor: descriptor of its lock, for the process that holds it; without it, a locked folder stays.
    """
    clear(berth, descriptor)
    root = berth.folder.parent.parent
    # The root may have other entries, or another process may be about to create one.
    with suppress(OSError, RuntimeDirectoryError), locks.exclusive(root, 0):
        root.rmdir()


def clear(berth: Berth, descriptor: Optional[int] = None) -> None:
    """Remove the folder from inside the container, where the root is a mount and stays; see ``leave``."""
    removal.clear(berth.folder, descriptor)
    with suppress(OSError):
        berth.folder.parent.rmdir()
