"""Looks after a desktop from within X until ``$DISPLAY`` ends: ``python -m casa_desktop.caretaker NAME MINUTES SIZE``.

It keeps windows on the desktop when that becomes smaller (``fitting``), keeps key codes free for symbols that the
keyboard's layout lacks (``sparekeys``), and asks the supervisor, its parent, to stop a desktop that nobody has used for
``MINUTES`` (``idleness``); 0 for never. ``SIZE`` is the desktop's first. A program of its own, because it waits for X's
events and the supervisor waits for its children's; and one for all of it, because each process costs memory.
"""

from __future__ import annotations

import math
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any, Optional

from Xlib.error import ConnectionClosedError

from .fitting import Fitter
from .lastwords import write_last_words
from .runtime import places
from .sparekeys import SpareKeys, touch
from .windows import Screen

_LONGEST_WAIT = 86_400.0


class Caretaker:
    """Waits for whatever there is to be done on one display.

    Args:
        name: the desktop's.
        minutes: after so many without use it is stopped; 0 for never.
        size: the size with which it was started, ``WIDTHxHEIGHT`` in pixels.
    """

    def __init__(self, name: str, minutes: float, size: str) -> None:
        self._name, self._minutes, self._first_size = name, minutes, size
        self._screen = Screen()
        self._fitter = Fitter(self._screen)
        touch(str(places(name).rfb_socket))
        self._keys = SpareKeys(self._screen)
        self._poller = select.poll()
        self._poller.register(self._screen.display.fileno(), select.POLLIN)
        self._idleness: Any = None
        if minutes:
            # Most desktops have no limit, and need not have this in memory.
            from .idleness import Idleness

            self._idleness = Idleness(places(name), minutes * 60, self._since_input)
            self._poller.register(self._idleness.fileno(), select.POLLIN)

    def run(self) -> None:
        """Look after the desktop until its time is over.

        Raises:
            ConnectionClosedError: the display has ended.
        """
        # What happened before this process was there has not been told. Windows of a desktop that has its first size
        # are as the window manager put them, and their users may have begun.
        if self._size() != self._first_size:
            self._fitter.fit()
        rest = self._look()
        due = _after(rest)
        while rest != 0:
            # What X has told meanwhile lies in a queue of python-xlib's, where poll does not see it.
            self._take_events()
            ready = self._poller.poll(milliseconds(min(due, self._keys.due) - time.monotonic()))
            # X's events alone, of which there are many, are no reason to look.
            if not ready or any(descriptor != self._screen.display.fileno() for descriptor, _ in ready):
                rest = self._look()
                due = _after(rest)
        self._stop()

    def _take_events(self) -> None:
        while self._screen.display.pending_events():
            event = self._screen.display.next_event()
            self._fitter.take(event)
            self._keys.take(event)
        self._keys.settle()

    def _size(self) -> str:
        now = self._screen.root.get_geometry()
        return f"{now.width}x{now.height}"

    def _look(self) -> Optional[float]:
        return self._idleness.look() if self._idleness is not None else None

    def _since_input(self) -> float:
        """Return for how many seconds nobody has used keyboard and mouse: X counts milliseconds."""
        return float(self._screen.root.screensaver_query_info().idle) / 1000

    def _stop(self) -> None:
        words = f"It was stopped after {self._minutes:g} minutes without use."
        # On a full disk it ends as well.
        with suppress(OSError):
            print(f"casa-desktop: {words}", flush=True)
        write_last_words(self._name, words)
        os.kill(os.getppid(), signal.SIGTERM)


def milliseconds(seconds: float) -> Optional[float]:
    """Return what poll(2) takes for so many seconds: it counts to 24.8 days; after one day we look again."""
    return None if seconds == math.inf else min(max(seconds, 0), _LONGEST_WAIT) * 1000


def _after(seconds: Optional[float]) -> float:
    return math.inf if seconds is None else time.monotonic() + seconds


def main(name: str, minutes: float, size: str) -> int:
    """Look after one desktop; return the exit status."""
    with suppress(ConnectionClosedError):
        Caretaker(name, minutes, size).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3]))
