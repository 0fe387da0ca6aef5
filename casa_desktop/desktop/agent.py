"""A desktop's agent, an X client: ``python -m casa_desktop.desktop.agent NAME MINUTES SIZE``.

It runs until ``$DISPLAY`` ends. It keeps windows on the desktop when the desktop becomes smaller (``x11.fitting``),
keeps keycodes free for symbols that the keyboard layout lacks (``x11.keyboard_symbols``), and asks the supervisor, its
parent, to stop a desktop that has not been used for ``MINUTES`` (``desktop.idle``); 0 for never. ``SIZE`` is the
desktop's first size. It is separate from the supervisor, because it waits for X events and the supervisor waits for its
children. It is one program for all these tasks, because each process costs memory.
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

from ..runtime.directory import places
from ..runtime.exit_reason import write_last_words
from ..x11.fitting import Fitter
from ..x11.keyboard_symbols import SpareKeys, touch
from ..x11.windows import Screen

_LONGEST_WAIT = 86_400.0


class Caretaker:
    """Does the agent's tasks on one display.

    Args:
        name: the desktop's name.
        minutes: the minutes without use after which the desktop is stopped; 0 for never.
        size: the desktop's first size, ``WIDTHxHEIGHT`` in pixels.
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
            # Import late: most desktops have no limit, and this saves their memory.
            from .idle import Idleness

            self._idleness = Idleness(places(name), minutes * 60, self._since_input)
            self._poller.register(self._idleness.fileno(), select.POLLIN)

    def run(self) -> None:
        """Run until the desktop has been unused for too long.

        Raises:
            ConnectionClosedError: the display has ended.
        """
        # Events before this process started were not received. If the desktop still has its first size, its windows are
        # where the window manager placed them, or where their users have moved them since; so leave them.
        if self._size() != self._first_size:
            self._fitter.fit()
        rest = self._look()
        due = _after(rest)
        while rest != 0:
            # X events may already be in python-xlib's queue, where poll() does not see them.
            self._take_events()
            ready = self._poller.poll(milliseconds(min(due, self._keys.due) - time.monotonic()))
            # X events are frequent; if there is nothing else, don't check for idleness.
            if not ready or any(descriptor != self._screen.display.fileno() for descriptor, _ in ready):
                rest = self._look()
                due = _after(rest)
        self._stop()

    def _take_events(self) -> None:
        while True:
            while self._screen.display.pending_events():
                event = self._screen.display.next_event()
                self._fitter.take(event)
                self._keys.take(event)
            self._keys.settle()
            # It has asked the server, and events that came before the answers are in the queue now.
            if not self._screen.display.pending_events():
                return

    def _size(self) -> str:
        now = self._screen.root.get_geometry()
        return f"{now.width}x{now.height}"

    def _look(self) -> Optional[float]:
        return self._idleness.look() if self._idleness is not None else None

    def _since_input(self) -> float:
        """Return the seconds since the last keyboard or mouse input; X counts milliseconds."""
        return float(self._screen.root.screensaver_query_info().idle) / 1000

    def _stop(self) -> None:
        words = f"It was stopped after {self._minutes:g} minutes without use."
        # A full disk must not keep the desktop from being stopped.
        with suppress(OSError):
            print(f"casa-desktop: {words}", flush=True)
        write_last_words(self._name, words)
        os.kill(os.getppid(), signal.SIGTERM)


def milliseconds(seconds: float) -> Optional[float]:
    """Return the timeout for poll(2), limited to one day: poll counts up to 24.8 days."""
    return None if seconds == math.inf else min(max(seconds, 0), _LONGEST_WAIT) * 1000


def _after(seconds: Optional[float]) -> float:
    return math.inf if seconds is None else time.monotonic() + seconds


def main(name: str, minutes: float, size: str) -> int:
    """Run the agent of one desktop; return the exit status."""
    with suppress(ConnectionClosedError):
        Caretaker(name, minutes, size).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3]))
