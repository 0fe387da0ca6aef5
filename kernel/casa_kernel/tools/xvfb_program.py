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


def main(cookie: str, server: str) -> None:
    """Run the X server.

    Args:
        cookie: the Xauthority file with the cookie that its clients must have.
        server: ``--server=`` and the FIFO.
    """
    # PyVirtualDisplay's own use_xauth gives the clients a cookie, but does not make the server require it (3.0).
    options = {"size": _SIZE, "extra_args": ["-auth", cookie, "-noreset"], "manage_global_env": False}
    # The package has no types.
    display: Any = XvfbDisplay(**options)  # type: ignore[no-untyped-call]
    display.start()
    Path(server.partition("=")[2]).write_text(f"{display.new_display_var}\n")
    os.waitpid(display.pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
