"""Write a picture of the display in ``$DISPLAY`` to standard output, as PNG.

A program of its own, because libxcb reads the cookie's path from the environment of the process that asks, and a
server's or a kernel's environment is not to be changed in passing. Used by ``session.screenshot``.
"""

from __future__ import annotations

import sys

from PIL import ImageGrab


def main() -> int:
    """Take the picture; return the exit status."""
    try:
        # The empty name means $DISPLAY; None would look for a screenshot program first.
        picture = ImageGrab.grab(xdisplay="")
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    picture.save(sys.stdout.buffer, "PNG")
    return 0


if __name__ == "__main__":
    sys.exit(main())
