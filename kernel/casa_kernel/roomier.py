"""Give the image of each mask editor that opens on ``$DISPLAY`` the room that nothing uses, until killed.

casaviewer's window has docks and no central widget. Qt gives the dock with the image its size hint there, 300 pixels,
and a third of what remains; the rest stays blank below the clean controls (Qt 6.6, QDockAreaLayout::getGrid and
qGeomCalc). Once the separator between the two has been dragged, Qt goes by their sizes instead, and each new size of
the window gives the image another third. No option and no style does that, and a minimum height would cut the
image off where the desktop becomes lower. So the window is told of a drag, which moves nobody's pointer, and gets two
sizes in turn. Where it has no such separator, nothing is done to it.

It imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

import select
import sys
import time
from typing import Any, Iterator, List, Optional

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import damage
from Xlib.protocol.event import ButtonPress, ButtonRelease, ClientMessage, MotionNotify

# _NET_MOVERESIZE_WINDOW: gravity NorthWest, the height alone is given, and a pager asks.
_RESIZE = 1 | 0b1000 << 8 | 2 << 12
_STEP = 12
# Four times do where the first drag does.
_TIMES = 20
# How long a window may take to draw itself at all, in seconds.
_OPENING = 10
# How long a window may take to draw itself in a new size, in seconds; nothing is wrong if it takes longer.
_PATIENCE = 0.3


class _Desktop:
    """A connection to the display, which tells of new windows and of what is drawn in them."""

    def __init__(self) -> None:
        self.display = Display()
        self.root = self.display.screen().root
        self.root.change_attributes(event_mask=X.PropertyChangeMask)
        self.display.damage_query_version()

    def windows(self) -> List[int]:
        told = self.root.get_full_property(self.display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType)
        return list(told.value) if told else []

    def new_windows(self) -> Iterator[Any]:
        """Yield the windows that open from now on."""
        known = set(self.windows())
        while True:
            now = self.windows()
            for number in now:
                if number not in known:
                    yield self.display.create_resource_object("window", number)
            known = set(now)
            self.wait(None)

    def wait(self, seconds: Optional[float]) -> bool:
        """Wait for the next events and forget them; tell whether there were any within ``seconds``."""
        self.display.flush()
        poll = select.poll()
        poll.register(self.display, select.POLLIN)
        if not self.display.pending_events() and not poll.poll(None if seconds is None else seconds * 1000):
            return False
        while self.display.pending_events():
            self.display.next_event()
        return True

    def send(self, window: Any, event: Any) -> None:
        window.send_event(event, event_mask=0)
        self.display.flush()


def separator(window: Any, colour: bytes) -> Optional[int]:
    """Return the row in the middle of the window's first separator, or None while it has none.

    Args:
        window: which one.
        colour: of separators: blue, green, red.
    """
    size = window.get_geometry()
    places = size.width // 3, size.width - 5
    columns = [window.get_image(x, 0, 1, size.height, X.ZPixmap, 0xFFFFFF).data for x in places]
    rows = [y for y in range(size.height) if all(column[4 * y : 4 * y + 3] == colour for column in columns)]
    if not rows:
        return None
    first = [y for place, y in enumerate(rows) if y == rows[0] + place]
    return first[len(first) // 2]


def drag(desktop: _Desktop, window: Any, row: int) -> None:
    """Tell the window that its separator at ``row`` was dragged upwards with the left button."""
    x = window.get_geometry().width - 5
    for kind, y, button, held in (
        (ButtonPress, row, 1, 0),
        (MotionNotify, row - 2, 0, X.Button1Mask),
        (MotionNotify, row - 40, 0, X.Button1Mask),
        (ButtonRelease, row - 40, 1, X.Button1Mask),
    ):
        at = {"root_x": x, "root_y": y, "event_x": x, "event_y": y, "same_screen": 1}
        event = kind(
            time=X.CurrentTime, root=desktop.root, window=window, child=X.NONE, detail=button, state=held, **at
        )
        desktop.send(window, event)
        # Qt moves the separator when it has nothing else to do, and not at all once the button is up.
        desktop.wait(_PATIENCE / 3)


def resize(desktop: _Desktop, window: Any, height: int) -> None:
    """Have the window manager give the window another height, and wait until the window has drawn itself."""
    kind = desktop.display.intern_atom("_NET_MOVERESIZE_WINDOW")
    message = ClientMessage(window=window, client_type=kind, data=(32, [_RESIZE, 0, 0, 0, height]))
    desktop.root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
    deadline = time.monotonic() + _PATIENCE
    # The drawing comes in pieces.
    while time.monotonic() < deadline and desktop.wait(_PATIENCE / 3):
        pass


def make_room(desktop: _Desktop, window: Any, colour: bytes) -> None:
    """Wait until the window has drawn itself, and give its image the room."""
    title = window.get_full_property(desktop.display.intern_atom("_NET_WM_NAME"), X.AnyPropertyType)
    if title is None or b"Viewer Display Panel" not in title.value:
        return
    drawn = window.damage_create(damage.DamageReportRawRectangles)
    try:
        deadline = time.monotonic() + _OPENING
        row = separator(window, colour)
        while row is None and time.monotonic() < deadline:
            desktop.wait(1)
            row = separator(window, colour)
        if row is not None:
            _make_room(desktop, window, colour, row)
    finally:
        desktop.display.damage_destroy(drawn)


def _make_room(desktop: _Desktop, window: Any, colour: bytes, row: int) -> None:
    height, moved = window.get_geometry().height, False
    for _ in range(_TIMES):
        # While the window loads its image it takes all at once when it is done, and the drag for none.
        if not moved:
            drag(desktop, window, row)
        resize(desktop, window, height - _STEP)
        resize(desktop, window, height)
        now = separator(window, colour)
        if now is None or (moved and now > row - 4):
            return
        moved, row = moved or now < row, now


def main(colour: str) -> None:
    """Serve until killed, or until the display ends.

    Args:
        colour: of separators, as in ``#rrggbb``.
    """
    desktop = _Desktop()
    for window in desktop.new_windows():
        try:
            make_room(desktop, window, bytes.fromhex(colour.lstrip("#"))[::-1])
        except XError:
            # It has closed.
            continue


if __name__ == "__main__":
    main(sys.argv[1])
