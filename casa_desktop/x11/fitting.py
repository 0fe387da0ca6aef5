"""Keep windows on the desktop when it becomes smaller.

A desktop has its first size before a page shows it, so a kernel's first window may be wider than the tab that opens a
moment later. IceWM does not move windows when the desktop changes its size (seen in 3.3.1).
"""

from __future__ import annotations

from typing import Any, List

from Xlib import X
from Xlib.error import XError
from Xlib.protocol.event import ClientMessage

from .windows import Box, Screen

# _NET_MOVERESIZE_WINDOW: gravity NorthWest; x, y, width and height are given; the source is a pager.
_MOVE_AND_RESIZE = 1 | 0b1111 << 8 | 2 << 12


def fitted(box: Box, area: Box) -> Box:
    """Return ``box``, shrunk and moved as little as possible to lie within ``area``."""
    width, height = min(box.width, area.width), min(box.height, area.height)
    x = min(max(box.x, area.x), area.x + area.width - width)
    y = min(max(box.y, area.y), area.y + area.height - height)
    return Box(x, y, width, height)


class Fitter:
    """Keeps the windows of one display within its work area.

    Args:
        screen: a connection to the display, not used by other threads or programs.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def take(self, event: Any) -> None:
        """Process an X event, and fit the windows if the work area has changed."""
        if event.type == X.PropertyNotify and event.atom == self._screen.atom("_NET_WORKAREA"):
            self.fit()

    def fit(self) -> None:
        """Ask the window manager to move and shrink the windows that no longer lie within the area."""
        told = self._screen.numbers(self._screen.root, "_NET_WORKAREA")
        if not told:
            return
        for number in self._screen.numbers(self._screen.root, "_NET_CLIENT_LIST"):
            try:
                self._fit(self._screen.resource(number), Box(*told[:4]))
            except XError:
                # The window has just been closed.
                continue
        self._screen.display.flush()

    def _fit(self, window: Any, area: Box) -> None:
        left, right, top, bottom = self._screen.numbers(window, "_NET_FRAME_EXTENTS") or [0, 0, 0, 0]
        inside, origin = window.get_geometry(), window.translate_coords(self._screen.root, 0, 0)
        # ``origin`` is the root's corner in the window's coordinates: the negative of the window's corner.
        frame = Box(-origin.x - left, -origin.y - top, inside.width + left + right, inside.height + top + bottom)
        wanted = fitted(frame, area)
        if wanted != frame:
            size = (wanted.width - left - right, wanted.height - top - bottom)
            self._ask(window, [_MOVE_AND_RESIZE, wanted.x, wanted.y, *size])

    def _ask(self, window: Any, numbers: List[int]) -> None:
        move = self._screen.atom("_NET_MOVERESIZE_WINDOW")
        message = ClientMessage(window=window, client_type=move, data=(32, numbers))
        self._screen.root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
