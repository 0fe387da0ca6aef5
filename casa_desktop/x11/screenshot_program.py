"""Write a picture of the display in ``$DISPLAY``, or of one of its windows, to standard output, as PNG.

This is a separate program, because X's libraries read the cookie's path from the environment of their process, and the
environment of a server or a kernel must not change for a screenshot. ``x11.screenshots`` runs it.

``python -m casa_desktop.x11.screenshot_program ARGUMENTS``, where ARGUMENTS are::

    (nothing)    the whole display
    WORDS        the topmost window with WORDS in its title or its program's name; where there is none: exit status 2,
                 and the titles in JSON
    --of-pids    the topmost window of some processes, when it is drawn; standard input is one line with the seconds
                 within which it must open, and the process ids
    --titles     no picture, but all windows' titles in JSON, from bottom to top
"""

from __future__ import annotations

import json
import sys
from typing import List, Optional, Sequence

from PIL import Image, ImageGrab
from Xlib.error import ConnectionClosedError, DisplayError, XError

from .screenshots import NO_SUCH_WINDOW
from .windows import Screen, Window, chosen

# A tool draws its window in several steps, some tens of milliseconds apart.
_STILL = 0.3
_DRAWN_WITHIN = 3.0


def main(arguments: Sequence[str]) -> int:
    """Take the picture; return the exit status."""
    try:
        if not arguments:
            # The empty name means $DISPLAY; None would look for a screenshot program first.
            return _put(ImageGrab.grab(xdisplay=""))
        return _of_a_window(Screen(), arguments[0])
    except (OSError, DisplayError, ConnectionClosedError) as error:
        print(error, file=sys.stderr)
    except XError:
        print("the window has just closed, or is minimised.", file=sys.stderr)
    return 1


def _of_a_window(screen: Screen, word: str) -> int:
    if word == "--titles":
        return _tell(screen.windows())
    if word == "--of-pids":
        within, *pids = sys.stdin.readline().split() or ["0"]
        found = _opened_by(screen, [int(pid) for pid in pids], float(within))
    else:
        found = chosen(screen.windows(), word)
    if found is None:
        return _tell(screen.windows()) or NO_SUCH_WINDOW
    width, height, data = screen.pixels(found, _STILL, _DRAWN_WITHIN)
    return _put(Image.frombuffer("RGB", (width, height), data, "raw", "BGRX", 0, 1))


def _opened_by(screen: Screen, pids: List[int], within: float) -> Optional[Window]:
    def look() -> Optional[Window]:
        own = [each for each in screen.windows() if each.pid in pids]
        # A dialogue is above the window to which it belongs.
        return next(reversed([each for each in own if not each.transient]), None) if own else None

    return screen.wait_until(look, within) if pids else None


def _tell(windows: Sequence[Window]) -> int:
    print(json.dumps([each.title for each in windows]))
    return 0


def _put(picture: Image.Image) -> int:
    picture.save(sys.stdout.buffer, "PNG")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
