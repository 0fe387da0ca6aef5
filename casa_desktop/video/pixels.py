"""Tells what changes on a desktop, and reads its pixels, by X: the extension DAMAGE and GetImage.

Not by RFB, which would bring both in one stream: as soon as another client moves the pointer, Xvnc paints it into the
picture, later than the browser's own. X's picture has no pointer. The server sends an event as soon as something has
changed, so that nothing is polled; python-xlib takes 3 ms of a processor for 800 x 800 pixels.

Source: https://www.x.org/releases/X11R7.7/doc/damageproto/damageproto.txt, version 1.1.
"""

from __future__ import annotations

from typing import Any, Optional

from Xlib import X
from Xlib.error import BadMatch
from Xlib.ext import damage

from .area import Area

# What Xvnc's pixels are: 32 bits, little-endian 0x00RRGGBB, which is FFmpeg's bgr0.
PIXEL, DEPTH = 4, 24
_ALL_PLANES = 0xFFFFFFFF


class Pixels:
    """A desktop's pixels.

    Args:
        display: python-xlib's connection to its X server, which must have no other reader of its events.

    Raises:
        ValueError: its pixels have another form.
    """

    def __init__(self, display: Any) -> None:
        screen = display.screen()
        if screen.root_depth != DEPTH or display.display.info.image_byte_order != X.LSBFirst:
            raise ValueError("a desktop whose pixels are not 32 bits, the lowest first")
        self._display, self._root = display, screen.root
        display.damage_query_version()
        # Of the root and all windows on it. Rectangles that have been told of are not told of again until they are
        # forgotten, so that a reader that is slow is not sent events without end.
        self._damage = self._root.damage_create(damage.DamageReportDeltaRectangles)
        display.flush()

    def fileno(self) -> int:
        """Return the connection's descriptor."""
        return int(self._display.fileno())

    def have_changed(self, area: Optional[Area]) -> bool:
        """Take what the server has said, and return whether some of it is about an area; wait for nothing.

        Raises:
            Xlib.error.ConnectionClosedError: the X server has ended.
        """
        changed = False
        for _ in range(self._display.pending_events()):
            event = self._display.next_event()
            if area is not None and event.type == self._display.extension_event.DamageNotify:
                changed |= _overlap(area, event.area)
        return changed

    def read(self, area: Area) -> Optional[bytes]:
        """Return an area's pixels as they are now, row by row; None if the desktop has become smaller than that.

        Raises:
            Xlib.error.ConnectionClosedError: the X server has ended.
        """
        # First, so that what changes while the picture is read is told of.
        self._display.damage_subtract(self._damage)
        try:
            image = self._root.get_image(*area, X.ZPixmap, _ALL_PLANES)
        except BadMatch:
            return None
        return bytes(image.data)


def _overlap(area: Area, other: Any) -> bool:
    return bool(
        area.x < other.x + other.width
        and other.x < area.x + area.width
        and area.y < other.y + other.height
        and other.y < area.y + area.height
    )
