"""What X servers leave in folders that all desktops of a machine have in common."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Iterator, List

import psutil

from casa_desktop.runtime.x_files import answers, socket_of


def of_display(display: str) -> List[str]:
    """Return the files that the X server of a display has left; a living one may have the number by now."""
    number = int(display[1:])
    return [str(path) for path in (socket_of(number), Path(f"/tmp/.X{number}-lock")) if _is_dead(path)]


def of_all() -> List[str]:
    """Return all that X servers have left which are dead."""
    return [str(path) for path in _files() if _is_dead(path)]


def remove(uid: int) -> None:
    """Remove what dead X servers of a user have left; a test that kills them does that at its end."""
    for path in _files():
        with suppress(FileNotFoundError):
            if path.lstat().st_uid == uid and _is_dead(path):
                path.unlink()


def _files() -> Iterator[Path]:
    yield from Path("/tmp/.X11-unix").glob("X*")
    yield from Path("/tmp").glob(".X*-lock")


def _is_dead(path: Path) -> bool:
    """Tell whether a socket or a lock is there and has no server."""
    try:
        if path.is_socket():
            return not answers(path) and path.exists()
        return not psutil.pid_exists(int(path.read_text()))
    except (FileNotFoundError, ValueError):
        # It has gone meanwhile, or its server is just writing it.
        return False
