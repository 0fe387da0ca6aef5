"""What X servers keep in /tmp, and leave there when they are killed. Other users' files lie beside them."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path


def remove_dead(display: str) -> None:
    """Remove the socket and the lock of the display, like ``:7``, unless an X server has it.

    Call it when the display's own X server has ended. Another one, perhaps another user's, may have taken the number
    since.
    """
    number = display[1:]
    if not number.isdigit():
        return
    # Xvnc 1.12 writes no lock when it finds a display by itself (-displayfd); later ones, and other servers, do.
    lock = Path(f"/tmp/.X{number}-lock")
    with suppress(OSError, ValueError):
        if not Path(f"/proc/{int(lock.read_text())}").exists():
            lock.unlink()
    listener = Path(f"/tmp/.X11-unix/X{number}")
    if not answers(listener):
        with suppress(OSError):
            listener.unlink()


def answers(path: Path) -> bool:
    """Tell whether somebody listens at a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            connection.connect(str(path))
        except BlockingIOError:
            # So many wait that there is no room for one more.
            return True
        except OSError:
            return False
    return True
