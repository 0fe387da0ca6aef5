"""A *berth* is the private folder in which a container and its launcher outside meet.

::

    <root>/.kernels/<id>/outside.sock      where the launcher listens
                         connection.json   the kernel's connection file
                         k-1 … k-5         the kernel's sockets, where Jupyter speaks to it over unix sockets

Who holds its lock is alive; launcher and container hold it together, so that it is free only when both have gone. A
berth that was left by a launcher that was killed is removed by the next.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from . import locks, roots, runtime
from .errors import ContainerFailed, RuntimeDirectoryError

HARBOUR = ".kernels"
_ID_BYTES = 4
_ID = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")
_ATTEMPTS = 5
_LONGEST_NAME = len("outside.sock")
# sun_path of unix(7), without the final zero.
_SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True)
class Berth:
    """The paths of one.

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
        """What Jupyter calls the kernel's address when it speaks over unix sockets: it adds ``-1`` and so on."""
        return str(self.folder / "k")


def new_berth(environ: Optional[Mapping[str, str]] = None) -> Berth:
    """Return the paths of one that nobody has; it is not made.

    Args:
        environ: the environment that tells where the runtime directory is, by default this process's.

    Raises:
        RuntimeDirectoryError: the runtime directory cannot be used, or its path is too long.
    """
    root = runtime.runtime_root(environ=environ)
    folder = root / HARBOUR / os.urandom(_ID_BYTES).hex()
    length = len(os.fsencode(folder)) + 1 + _LONGEST_NAME
    if length > _SOCKET_PATH_LIMIT:
        raise RuntimeDirectoryError(
            root,
            f"the paths of a kernel's sockets would have {length} bytes, and unix sockets allow {_SOCKET_PATH_LIMIT}. "
            "Set CASA_DESKTOP_RUNTIME_DIR to a shorter one.",
        )
    return Berth(folder)


def present(berth: Berth, environ: Optional[Mapping[str, str]] = None) -> Berth:
    """Return where a berth is now; its kernel's porter may have had to make it again in another root (``moorings``).

    Args:
        berth: where it was.
        environ: as for ``new_berth``.
    """
    if not berth.folder.exists():
        for root in (roots.configured_root(environ), *roots.others(environ)):
            found = Berth(root / HARBOUR / berth.folder.name)
            if roots.is_private(root) and locks.is_held(found.folder):
                return found
    return berth


def is_possible(berth: Berth, environ: Optional[Mapping[str, str]] = None) -> bool:
    """Tell whether a kernel that is started may have the berth: it is where ``new_berth`` would put one."""
    return berth.folder.parent.parent == roots.configured_root(environ)


def berth_of(ipc: str) -> Berth:
    """Return the berth whose ``ipc`` a connection file bears, or a new one if it is none of ours.

    Raises:
        RuntimeDirectoryError: as ``new_berth``.
    """
    folder = Path(ipc).parent
    ours = folder.parent == runtime.runtime_root() / HARBOUR and _ID.fullmatch(folder.name)
    return Berth(folder) if ours else new_berth()


def occupy(berth: Berth, timeout: float = 15.0) -> int:
    """Make the berth, and return the descriptor that holds its lock.

    A former launcher's container with the same berth is waited for: Jupyter restarts a kernel at the same address.

    Raises:
        ContainerFailed: it did not end in time.
        RuntimeDirectoryError: the folder cannot be made.
    """
    deadline = time.monotonic() + timeout
    for _ in range(_ATTEMPTS):
        # Who leaves last removes the folders above, perhaps just now.
        with suppress(FileNotFoundError):
            return _occupy(berth, deadline)
    raise RuntimeDirectoryError(berth.folder, "it goes away again and again.")


def _occupy(berth: Berth, deadline: float) -> int:
    harbour = runtime.runtime_root() / HARBOUR
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
            runtime.clear(each)


def leave(berth: Berth, descriptor: Optional[int] = None) -> None:
    """Remove the berth, and whatever above it is empty then; for the launcher.

    Args:
        berth: the one to remove.
        descriptor: its lock's, for the process that has it; without it a berth that is held stays.
    """
    clear(berth, descriptor)
    root = berth.folder.parent.parent
    # Others may be there, or be about to come.
    with suppress(OSError, RuntimeDirectoryError), locks.exclusive(root, 0):
        root.rmdir()


def clear(berth: Berth, descriptor: Optional[int] = None) -> None:
    """Remove the berth from inside of the container, where the root is a mount and stays; see ``leave``."""
    runtime.clear(berth.folder, descriptor)
    with suppress(OSError):
        berth.folder.parent.rmdir()
