"""The windows on a display, as its window manager tells of them, and the picture of one.

For programs of their own: python-xlib reads the cookie's path from the environment of its process.

Source of the names that begin with _NET: https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

import time
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import composite, damage

from .descriptors import readable


class Box(NamedTuple):
    """A rectangle on the desktop, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Pixels(NamedTuple):
    """A picture as X has it: from the top left, row by row, 4 bytes a pixel: blue, green, red and nothing."""

    width: int
    height: int
    data: bytes


class Window(NamedTuple):
    """A window that the window manager looks after.

    Attributes:
        number: X's number of it.
        title: what stands in its title bar.
        program: the program's name, of WM_CLASS.
        pid: the program's process id, in the program's own pid namespace; 0 if it does not tell.
        transient: it belongs to another window, as a dialogue does.
    """

    number: int
    title: str
    program: str
    pid: int
    transient: bool


def chosen(windows: Sequence[Window], words: str) -> Optional[Window]:
    """Return the topmost of ``windows``, given from bottom to top, whose title or program contains ``words``.

    Case makes no difference. None if there is none.
    """
    wanted = words.casefold()
    found = [each for each in windows if wanted in each.title.casefold() or wanted in each.program.casefold()]
    return found[-1] if found else None


class Screen:
    """A connection to the display in ``$DISPLAY``.

    Raises:
        Xlib.error.DisplayError: there is no such display, or it does not let us in.
    """

    def __init__(self) -> None:
        self.display: Any = Display()
        self.root: Any = self.display.screen().root
        self.root.change_attributes(event_mask=X.PropertyChangeMask)

    def windows(self) -> List[Window]:
        """Return the windows from bottom to top."""
        found = []
        for number in self.numbers(self.root, "_NET_CLIENT_LIST_STACKING"):
            try:
                found.append(self._described(self.resource(number)))
            except XError:
                # It closed since the list was read.
                continue
        return found

    def _described(self, window: Any) -> Window:
        title = window.get_full_property(self.atom("_NET_WM_NAME"), X.AnyPropertyType)
        text = title.value.decode(errors="replace") if title is not None else str(window.get_wm_name() or "")
        name = " ".join(window.get_wm_class() or ())
        pid = self.numbers(window, "_NET_WM_PID") or [0]
        return Window(window.id, text, name, pid[0], bool(self.numbers(window, "WM_TRANSIENT_FOR")))

    def wait_until(self, look: Callable[[], Optional[Window]], timeout: float) -> Optional[Window]:
        """Return what ``look`` finds, asked again whenever the windows change; None if it never does in time."""
        deadline = time.monotonic() + timeout
        while True:
            self._forget_events()
            found = look()
            if found is not None or not self._event_within(deadline - time.monotonic()):
                return found

    def pixels(self, window: Window, still: float, timeout: float) -> Pixels:
        """Return the picture of the inside of ``window``, whatever covers it, as soon as the window is still.

        Args:
            window: of ``windows``.
            still: how long nothing must have been drawn in it, in seconds.
            timeout: after how many seconds it is taken as it is.

        Raises:
            XError: it has closed, or is minimised: X keeps no picture of it then.
        """
        inside = self.resource(window.number)
        frame = self._frame(inside)
        self.display.composite_query_version()
        # With a picture of its own off screen, a window that others cover draws itself whole. Automatic: it goes on to
        # be seen on the desktop. Both end with this connection.
        frame.composite_redirect_window(composite.RedirectAutomatic)
        self._wait_until_still(inside, still, timeout)
        size, corner = inside.get_geometry(), inside.translate_coords(frame, 0, 0)
        pixmap = frame.composite_name_window_pixmap()
        found = pixmap.get_image(-corner.x, -corner.y, size.width, size.height, X.ZPixmap, 0xFFFFFF)
        return Pixels(size.width, size.height, found.data)

    def _frame(self, window: Any) -> Any:
        """Return the child of the root window in which the window manager has put ``window``."""
        while True:
            parent = window.query_tree().parent
            if parent == self.root:
                return window
            window = parent

    def _wait_until_still(self, window: Any, still: float, timeout: float) -> None:
        self.display.damage_query_version()
        changes = window.damage_create(damage.DamageReportNonEmpty)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._forget_events()
            # What is drawn from now on is told again.
            self.display.damage_subtract(changes, X.NONE, X.NONE)
            self.display.sync()
            if not self._event_within(still):
                return

    def _forget_events(self) -> None:
        while self.display.pending_events():
            self.display.next_event()

    def _event_within(self, seconds: float) -> bool:
        if self.display.pending_events():
            return True
        return bool(readable([self.display.fileno()], seconds))

    def resource(self, number: int) -> Any:
        """Return the window of a number."""
        return self.display.create_resource_object("window", number)

    def numbers(self, window: Any, name: str) -> List[int]:
        """Return the numbers in the property ``name`` of ``window``; none if it has no such property."""
        found = window.get_full_property(self.atom(name), X.AnyPropertyType)
        return list(found.value) if found is not None else []

    def atom(self, name: str) -> int:
        """Return X's number of a name."""
        return int(self.display.intern_atom(name))
