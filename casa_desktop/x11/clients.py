"""Find the processes that are connected to an X server, with the server's extension X-Resource.

Source: https://www.x.org/releases/X11R7.7/doc/resourceproto/resproto.txt, version 1.2.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Set

from ..system import threads


def pids(display: str, xauthority: Path, seconds: float) -> Set[int]:
    """Return the process ids of a display's clients and of its server; empty if the server does not answer in time.

    Call this only in a process that ends soon: it changes the environment, from which python-xlib reads the cookie's
    path, and if the server does not answer, the thread that waits for it remains.

    Args:
        display: name of the X display, like ``:7``.
        xauthority: path of the file with its cookie.
        seconds: time limit.
    """
    found: Set[int] = set()
    answered = threading.Event()

    def ask() -> None:
        try:
            os.environ["XAUTHORITY"] = str(xauthority)
            found.update(_ask(display))
        finally:
            answered.set()

    with suppress(RuntimeError):
        threads.start(ask)
        answered.wait(seconds)
    return set(found)


def _ask(display: str) -> Set[int]:
    # Imported here, because only the end of a desktop needs it: the supervisor uses less memory until then.
    from Xlib.display import Display
    from Xlib.error import DisplayError, XError
    from Xlib.ext import res

    with suppress(DisplayError, XError, OSError, AttributeError):
        connection = Display(display)
        try:
            answer = connection.res_query_client_ids([{"client": 0, "mask": res.LocalClientPIDMask}])
            return {each.value[0] for each in answer.ids if len(each.value)}
        finally:
            connection.close()
    return set()
