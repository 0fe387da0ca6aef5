"""Ask the thread that draws a program's windows on ``$DISPLAY`` whether it responds, as window managers do.

Prints one line: ``answers``; ``silent`` when no window has answered in time; ``dialog`` and its title when they answer
and one of them waits for its user; ``none`` where there are no windows, for instance when the user has closed them.

How to ask, and that the answer comes to the root window (_NET_WM_PING):
https://specifications.freedesktop.org/wm-spec/. Qt sends it to clients that select changes of the root window itself
(6.6), other toolkits to clients that select changes of its children.

This is a separate program because Xlib reads the cookie's path from the environment. It imports nothing of this
package, so that it can be run by its path.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from typing import Any, Iterator, List, Optional

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.protocol.event import ClientMessage

# plotms' own dialog while it loads data, which does not wait for the user.
_NO_DIALOGS = (b"Progress",)


class _Windows:
    """A connection to the display, and the windows there that belong to a process."""

    def __init__(self, pid: int) -> None:
        self._display = Display()
        self._root = self._display.screen().root
        self._root.change_attributes(event_mask=X.StructureNotifyMask | X.SubstructureNotifyMask)
        # Search the whole tree: window managers put windows into others, and their list of windows ends with them.
        self._windows = [each for each in self._below(self._root) if self._values(each, "_NET_WM_PID") == [pid]]

    def _below(self, window: Any) -> Iterator[Any]:
        try:
            children = window.query_tree().children
        except XError:
            # The window has closed.
            return
        for each in children:
            yield each
            yield from self._below(each)

    def _values(self, window: Any, name: str) -> List[int]:
        try:
            found = window.get_full_property(self._display.intern_atom(name), X.AnyPropertyType)
        except XError:
            return []
        return list(found.value) if found is not None else []

    def __len__(self) -> int:
        return len(self._windows)

    def ask(self) -> bool:
        """Ask all windows that answer such requests; return whether there are any."""
        protocols, ping = (self._display.intern_atom(name) for name in ("WM_PROTOCOLS", "_NET_WM_PING"))
        asked = [each for each in self._windows if ping in self._values(each, "WM_PROTOCOLS")]
        for each in asked:
            # Instead of a time, the process id identifies this request among those of a window manager.
            data = (32, [ping, os.getpid(), each.id, 0, 0])
            each.send_event(ClientMessage(window=each, client_type=protocols, data=data), event_mask=0)
        self._display.flush()
        return bool(asked)

    def answer(self, within: float) -> bool:
        """Wait for an answer; return whether it came within the given number of seconds."""
        ping, deadline, poll = self._display.intern_atom("_NET_WM_PING"), time.monotonic() + within, select.poll()
        poll.register(self._display, select.POLLIN)
        while True:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type & 0x7F == X.ClientMessage and list(event.data[1])[:2] == [ping, os.getpid()]:
                    return True
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not poll.poll(remaining * 1000):
                return False

    def dialog(self) -> Optional[str]:
        """Return the title of a visible dialog, or None."""
        for each in self._windows:
            title = bytes(self._values(each, "_NET_WM_NAME"))
            if title not in _NO_DIALOGS and self._is_dialog(each):
                return title.decode(errors="replace")
        return None

    def _is_dialog(self, window: Any) -> bool:
        dialog = self._display.intern_atom("_NET_WM_WINDOW_TYPE_DIALOG")
        try:
            if window.get_attributes().map_state != X.IsViewable:
                return False
        except XError:
            return False
        belongs = self._values(window, "WM_TRANSIENT_FOR")
        return bool(belongs) or dialog in self._values(window, "_NET_WM_WINDOW_TYPE")


def main(pid: int, within: float) -> None:
    """Ask the windows of the process ``pid``, and wait ``within`` seconds for an answer."""
    # The X server itself may be stopped.
    signal.alarm(round(within) + 4)
    windows = _Windows(pid)
    if not windows:
        print("none")
    elif not windows.ask():
        sys.exit("No window of it answers such questions.")
    elif not windows.answer(within):
        print("silent")
    else:
        title = windows.dialog()
        print("answers" if title is None else f"dialog {title}")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
