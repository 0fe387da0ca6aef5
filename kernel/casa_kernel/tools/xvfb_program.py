"""Run a private Xvfb until terminated, and write its display to the FIFO that is named with ``--server=``.

This is a separate program, so that Xvfb is in a group that no keyboard interrupt reaches, and so that the kernel does
not wait for PyVirtualDisplay, which looks for the display's number ten times a second. It imports nothing of this
package, so that it can be run by its path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pyvirtualdisplay.xvfb import XvfbDisplay

# Larger than any window of a tool that draws a picture.
_SIZE = (1920, 1600)
_SOCKETS = Path("/tmp/.X11-unix")
# Far from where X servers begin to search, and from where desktops in containers have theirs.
_FIRST, _COUNT = 10_000, 40_000


def main(cookie: str, server: str) -> None:
    """Run the X server.

    Args:
        cookie: the Xauthority file with the cookie that its clients must have.
        server: ``--server=`` and the FIFO.
    """
    # Not one that Xvfb finds by itself: it asks nothing but its own network whether a number is free. In a kernel's
    # network each is, and it would put its socket in the place of a desktop's (Xvfb 21.1).
    number = _FIRST + os.getpid() % _COUNT
    while (_SOCKETS / f"X{number}").exists():
        number += 1
    # PyVirtualDisplay's own use_xauth gives the clients a cookie, but does not make the server require it (3.0).
    options = {"size": _SIZE, "extra_args": ["-auth", cookie, "-noreset", f":{number}"], "manage_global_env": False}
    # The package has no types.
    display: Any = XvfbDisplay(**options)  # type: ignore[no-untyped-call]
    display.start()
    Path(server.partition("=")[2]).write_text(f"{display.new_display_var}\n")
    os.waitpid(display.pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
