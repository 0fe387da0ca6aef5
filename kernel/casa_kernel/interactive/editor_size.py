"""Enlarge the image of each mask editor that opens on ``$DISPLAY`` by the unused room below it, until killed.

casaviewer's window has docks and no central widget. Qt gives the dock with the image its size hint there, 300 pixels,
and a third of the remaining height; the rest stays blank below the clean controls (Qt 6.6, QDockAreaLayout::getGrid and
qGeomCalc). Once the separator between the two docks has been dragged, Qt uses their sizes instead, and each new size of
the window gives the image another third. No option and no style has this effect, and a minimum height would cut the
image off if the desktop becomes lower. So this program sends the window the events of a drag, which do not move the
pointer, and then changes its height to and fro. A window without such a separator is left alone.

Each step must have been taken and drawn before the next one. A window says so by answering pings as it does for a
window manager (_NET_WM_PING of the Extended Window Manager Hints), in the order of its other events, after which it
draws. While it loads its image it answers none.

This program imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

import select
import sys
import time
from typing import Any, List, Optional, Tuple

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadMatch, XError
from Xlib.ext import damage
from Xlib.protocol.event import ButtonPress, ButtonRelease, ClientMessage, MotionNotify

# _NET_MOVERESIZE_WINDOW: gravity NorthWest, only the height is given, and the request comes from a pager.
_RESIZE = 1 | 0b1000 << 8 | 2 << 12
_STEP = 12
# Five times are enough if the first drag works.
_TIMES = 20
# How many answers in a row mean that a window has handled all events before the first of them, run its timers, and
# drawn: one may come before what was told earlier has been passed on, and the next before that has been drawn.
_ROUNDS = 3
# How long a window may take to draw itself for the first time, and to answer, in seconds. It may be loading an image.
_OPENING, _PATIENCE = 10, 60
# How long a window may take to get another height from the window manager and to draw itself in it, in seconds.
_RESIZING = 10


class _Desktop:
    """A connection to the display, which receives events of new windows and of drawing in them."""

    def __init__(self) -> None:
        self.display = Display()
        self.root = self.display.screen().root
        # Windows answer pings to clients that take events of one of the latter kinds, Qt 6 of the very last.
        kinds = X.PropertyChangeMask | X.SubstructureNotifyMask | X.StructureNotifyMask
        self.root.change_attributes(event_mask=kinds)
        self.display.damage_query_version()
        self._pings = 0

    def windows(self) -> List[int]:
        told = self.root.get_full_property(self.display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType)
        return list(told.value) if told else []

    def wait(self, seconds: Optional[float]) -> List[Any]:
        """Wait for the next events and return them; none if there were none within ``seconds``."""
        self.display.flush()
        poll = select.poll()
        poll.register(self.display, select.POLLIN)
        if not self.display.pending_events():
            poll.poll(None if seconds is None else seconds * 1000)
        return [self.display.next_event() for _ in range(self.display.pending_events())]

    def settle(self, window: Any) -> None:
        """Wait until the window has handled what was sent to it, and has drawn itself.

        Raises:
            TimeoutError: it does not answer.
        """
        protocols, ping = map(self.display.intern_atom, ("WM_PROTOCOLS", "_NET_WM_PING"))
        for _ in range(_ROUNDS):
            self._pings += 1
            words = (ping, self._pings, window.id, 0, 0)
            self.send(window, ClientMessage(window=window, client_type=protocols, data=(32, words)))
            self._await_message(words)

    def _await_message(self, words: Tuple[int, ...]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            remaining = deadline - time.monotonic()
            messages = (event for event in self.wait(max(remaining, 0)) if event.type == X.ClientMessage)
            if any(tuple(each.data[1]) == words for each in messages):
                return
            if remaining <= 0:
                raise TimeoutError

    def send(self, window: Any, event: Any) -> None:
        window.send_event(event, event_mask=0)
        self.display.flush()


def separator(window: Any, colour: bytes) -> Optional[int]:
    """Return the row in the middle of the window's first separator, or None while it has none.

    Args:
        window: the window.
        colour: the colour of separators: blue, green, red.
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
    """Send the window the events of dragging its separator at ``row`` upwards with the left button."""
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
        # Qt moves the separator when it is idle, and not at all once the button is released.
        desktop.settle(window)


def resize(desktop: _Desktop, window: Any, height: int) -> None:
    """Have the window manager give the window another height, and wait until the window has drawn itself in it.

    Its answers do not tell that: while it loads its image it answers at once, and takes several heights together later
    on. But a window that divides its room anew is drawn from top to bottom.
    """
    kind = desktop.display.intern_atom("_NET_MOVERESIZE_WINDOW")
    message = ClientMessage(window=window, client_type=kind, data=(32, [_RESIZE, 0, 0, 0, height]))
    desktop.root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
    told = desktop.display.extension_event.DamageNotify
    deadline, drawn = time.monotonic() + _RESIZING, False
    while not drawn and time.monotonic() < deadline:
        events = desktop.wait(max(deadline - time.monotonic(), 0))
        drawn = any(each.type == told and each.area.height == height for each in events)
    desktop.settle(window)


def make_room(desktop: _Desktop, window: Any, colour: bytes) -> None:
    """Wait until the window has drawn itself, and enlarge its image."""
    title = window.get_full_property(desktop.display.intern_atom("_NET_WM_NAME"), X.AnyPropertyType)
    if title is None or b"Viewer Display Panel" not in title.value:
        return
    window.change_attributes(event_mask=X.StructureNotifyMask)
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
    desktop.settle(window)
    height, moved = window.get_geometry().height, False
    for _ in range(_TIMES):
        # An image that loads meanwhile has the window handle all events of a drag together, which has no effect then.
        if not moved:
            drag(desktop, window, row)
        resize(desktop, window, height - _STEP)
        resize(desktop, window, height)
        now = separator(window, colour)
        if now is None or (moved and now > row - 4):
            return
        moved, row = moved or now < row, now


def is_done_with(desktop: _Desktop, number: int, colour: bytes) -> bool:
    """Enlarge the image of a window if it has one; return False for a window that is not to be seen yet."""
    try:
        make_room(desktop, desktop.display.create_resource_object("window", number), colour)
    except BadMatch:
        # The window manager lists it before it maps it, and then X tells. The viewer may keep it, or make another.
        return False
    except (XError, TimeoutError):
        # It has closed, or is stopped.
        pass
    return True


def main(colour: str) -> None:
    """Serve until killed, or until the display ends.

    Args:
        colour: the colour of separators, as ``#rrggbb``.
    """
    desktop, blue_green_red = _Desktop(), bytes.fromhex(colour.lstrip("#"))[::-1]
    done = set(desktop.windows())
    while True:
        now = desktop.windows()
        handled = {each for each in now if each not in done and is_done_with(desktop, each, blue_green_red)}
        done = done.intersection(now) | handled
        # What was told while a window was handled may have been of another one.
        if not handled:
            desktop.wait(None)


if __name__ == "__main__":
    main(sys.argv[1])
