"""Keep windows on the desktop when it becomes smaller: ``python -m casa_desktop.fitting``, until ``$DISPLAY`` ends.

A desktop has its first size before any page has seen it, so the first window of a kernel may be wider than the tab that
opens a moment later; and IceWM leaves windows where they are when the desktop changes its size (seen in 3.3.1).
A program of its own, because it waits for X's events and the supervisor waits for its children's.

Source of the names that begin with _NET: https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

import sys
from typing import Any, List, NamedTuple, Optional

from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, XError
from Xlib.protocol.event import ClientMessage

# _NET_MOVERESIZE_WINDOW: gravity NorthWest, x, y, width and height are given, and a pager asks.
_MOVE_AND_RESIZE = 1 | 0b1111 << 8 | 2 << 12


class Box(NamedTuple):
    """A rectangle on the desktop, in pixels."""

    x: int
    y: int
    width: int
    height: int


def fitted(box: Box, area: Box) -> Box:
    """Return ``box``, shrunk and moved no more than it takes to lie within ``area``."""
    width, height = min(box.width, area.width), min(box.height, area.height)
    x = min(max(box.x, area.x), area.x + area.width - width)
    y = min(max(box.y, area.y), area.y + area.height - height)
    return Box(x, y, width, height)


class Desktop:
    """The windows of one display, as its window manager tells of them."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._root = display.screen().root
        self._root.change_attributes(event_mask=X.PropertyChangeMask)

    def wait_for_another_area(self) -> None:
        """Wait until the window manager says that windows have another area than before."""
        area = self._atom("_NET_WORKAREA")
        while True:
            event = self._display.next_event()
            if event.type == X.PropertyNotify and event.atom == area:
                return

    def fit(self) -> None:
        """Ask the window manager to move and shrink the windows that no longer lie within the area."""
        told = self._numbers(self._root, "_NET_WORKAREA")
        if not told:
            return
        for number in self._numbers(self._root, "_NET_CLIENT_LIST"):
            try:
                self._fit(self._display.create_resource_object("window", number), Box(*told[:4]))
            except XError:
                # It has just been closed.
                continue
        self._display.flush()

    def _fit(self, window: Any, area: Box) -> None:
        left, right, top, bottom = self._numbers(window, "_NET_FRAME_EXTENTS") or [0, 0, 0, 0]
        inside, origin = window.get_geometry(), window.translate_coords(self._root, 0, 0)
        # The window's corner in the root's coordinates is the opposite of what the root's is in the window's.
        frame = Box(-origin.x - left, -origin.y - top, inside.width + left + right, inside.height + top + bottom)
        wanted = fitted(frame, area)
        if wanted != frame:
            size = (wanted.width - left - right, wanted.height - top - bottom)
            self._ask(window, [_MOVE_AND_RESIZE, wanted.x, wanted.y, *size])

    def _ask(self, window: Any, numbers: List[int]) -> None:
        message = ClientMessage(window=window, client_type=self._atom("_NET_MOVERESIZE_WINDOW"), data=(32, numbers))
        self._root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)

    def _numbers(self, window: Any, name: str) -> List[int]:
        found: Optional[Any] = window.get_full_property(self._atom(name), X.AnyPropertyType)
        return list(found.value) if found is not None else []

    def _atom(self, name: str) -> int:
        return int(self._display.intern_atom(name))


def main() -> int:
    """Fit windows until the display ends; return the exit status."""
    try:
        desktop = Desktop(Display())
        while True:
            desktop.wait_for_another_area()
            desktop.fit()
    except ConnectionClosedError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
