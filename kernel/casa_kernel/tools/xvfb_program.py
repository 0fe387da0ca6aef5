"""Run a private Xvfb until terminated, and write its display to the FIFO that is named with ``--server=``.

This is a separate program, so that Xvfb is in a group that no keyboard interrupt reaches, and so that the kernel does
not wait for PyVirtualDisplay, which looks for the display's number ten times a second. It outlives Xvfb, which has then
removed its socket, and removes those of servers that were killed. It imports nothing of this package, so that it can be
run by its path.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, List

from pyvirtualdisplay.xvfb import XvfbDisplay

# Larger than any window of a tool that draws a picture.
_SIZE = (1920, 1600)
_SOCKETS = Path("/tmp/.X11-unix")
# Far from where X servers begin to search, and from where desktops in containers have theirs.
_FIRST, _COUNT = 10_000, 40_000
# A server listens in the moment after it has made its socket.
_LISTENS_SECONDS = 60.0


def main(cookie: str, server: str) -> None:
    """Run the X server.

    Args:
        cookie: the Xauthority file with the cookie that its clients must have.
        server: ``--server=`` and the FIFO.
    """
    _remove_dead()
    # Not one that Xvfb finds by itself: it asks nothing but its own network whether a number is free. In a kernel's
    # network each is, and it would put its socket in the place of a desktop's (Xvfb 21.1).
    number = _FIRST + os.getpid() % _COUNT
    while _socket_of(number).exists():
        number += 1
    # PyVirtualDisplay's own use_xauth gives the clients a cookie, but does not make the server require it (3.0).
    options = {"size": _SIZE, "extra_args": ["-auth", cookie, "-noreset", f":{number}"], "manage_global_env": False}
    # The package has no types.
    display: Any = XvfbDisplay(**options)  # type: ignore[no-untyped-call]
    # A signal that comes before Xvfb's process id is known.
    early: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: early.append(number))
    display.start()
    signal.signal(signal.SIGTERM, _leave)
    try:
        if early:
            _leave()
        Path(server.partition("=")[2]).write_text(f"{display.new_display_var}\n")
        was_killed = _was_killed(display.pid)
    except SystemExit:
        # The whole group has got the signal, but an Xvfb that was just being started.
        os.kill(display.pid, signal.SIGTERM)
        was_killed = _was_killed(display.pid)
    if was_killed:
        _remove_dead(number)


def _leave(*_: object) -> None:
    raise SystemExit


def _was_killed(pid: int) -> bool:
    """Wait until Xvfb has ended; return whether it could not tidy up. Its process id stays its own."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return ended is not None and ended.si_code != os.CLD_EXITED


def _remove_dead(ended: int = 0) -> None:
    """Remove the sockets of this user's private servers that were killed: old ones, and that of the number ``ended``.

    A process that finds the socket of a number leaves the number alone, dead or not, so nobody else's is removed. One
    process at a time removes: it would else remove what another has removed and a third has made anew.
    """
    try:
        folder = os.open(_SOCKETS, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        # No X server has made it yet.
        return
    # Another process holds the lock, and removes them; or somebody has removed one meanwhile.
    with suppress(OSError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for number in _numbers():
            if _is_dead(_socket_of(number), 0 if number == ended else _LISTENS_SECONDS):
                _socket_of(number).unlink()
    os.close(folder)


def _numbers() -> List[int]:
    found = [re.fullmatch(r"X(\d+)", name, re.ASCII) for name in os.listdir(_SOCKETS)]
    return [number for number in (int(each[1]) for each in found if each) if number >= _FIRST]


def _is_dead(path: Path, age: float) -> bool:
    """Return whether a socket is this user's, at least ``age`` seconds old, and has no server."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    if found.st_uid != os.geteuid() or time.time() - found.st_mtime < age:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            # The queue of the listener is full, for example.
            return False
    return False


def _socket_of(number: int) -> Path:
    return _SOCKETS / f"X{number}"


if __name__ == "__main__":
    main(*sys.argv[1:])
