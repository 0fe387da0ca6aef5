"""List the windows on a display, from the window manager's properties, and take a picture of one.

Use this module only in separate programs: python-xlib reads the cookie's path from the environment of its process.

Source of the names that begin with _NET: https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

import time
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import composite, damage

from ..system.descriptors import readable


class Box(NamedTuple):
    """A rectangle on the desktop, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Pixels(NamedTuple):
    """A picture in X's format: rows from the top, 4 bytes per pixel: blue, green, red and unused. Sizes in pixels."""

    width: int
    height: int
    data: bytes


class Window(NamedTuple):
    """A window that the window manager manages.

    Attributes:
        number: the X id of the window.
        title: the text of the title bar.
        program: the program's name, from WM_CLASS.
        pid: the program's process id, in the program's own pid namespace; 0 if the program does not set it.
        transient: whether the window belongs to another one, like a dialogue.
    """

    number: int
    title: str
    program: str
    pid: int
    transient: bool


def chosen(windows: Sequence[Window], words: str) -> Optional[Window]:
    """Return the topmost window whose title or program contains ``words``, ignoring case; None if there is none.

    Args:
        windows: the windows, from bottom to top.
        words: the text to search for.
    """
    wanted = words.casefold()
    found = [each for each in windows if wanted in each.title.casefold() or wanted in each.program.casefold()]
    return found[-1] if found else None


class Screen:
    """A connection to the display in ``$DISPLAY``.

    Raises:
        Xlib.error.DisplayError: there is no such display, or it refuses the connection.
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
                # The window was closed after the list was read.
                continue
        return found

    def _described(self, window: Any) -> Window:
        title = window.get_full_property(self.atom("_NET_WM_NAME"), X.AnyPropertyType)
        text = title.value.decode(errors="replace") if title is not None else str(window.get_wm_name() or "")
        name = " ".join(window.get_wm_class() or ())
        pid = self.numbers(window, "_NET_WM_PID") or [0]
        return Window(window.id, text, name, pid[0], bool(self.numbers(window, "WM_TRANSIENT_FOR")))

    def wait_until(self, look: Callable[[], Optional[Window]], timeout: float) -> Optional[Window]:
        """Call ``look`` whenever the windows change until it returns a window; return that, or None after the timeout.

        Args:
            look: returns the window that is waited for, or None.
            timeout: time limit, in seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._forget_events()
            found = look()
            if found is not None or not self._event_within(deadline - time.monotonic()):
                return found

    def pixels(self, window: Window, still: float, timeout: float) -> Pixels:
        """Return the picture of a window's content, without windows that cover it, when the window has become still.

        Args:
            window: one of ``windows``.
            still: how long nothing must be drawn in the window, in seconds.
            timeout: when to take the picture in any case, in seconds.

        Raises:
            XError: the window is closed or minimised; X keeps no picture of it then.
        """
        inside = self.resource(window.number)
        frame = self._frame(inside)
        self.display.composite_query_version()
        # Redirection lets a covered window draw its whole content into off-screen memory; RedirectAutomatic still shows
        # it on the desktop. The redirection ends with this connection.
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
            # Request an event for what is drawn from now on.
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
        """Return the window with an X id."""
        return self.display.create_resource_object("window", number)

    def numbers(self, window: Any, name: str) -> List[int]:
        """Return the numbers in the property ``name`` of ``window``; an empty list without such a property."""
        found = window.get_full_property(self.atom(name), X.AnyPropertyType)
        return list(found.value) if found is not None else []

    def atom(self, name: str) -> int:
        """Return the X atom of a name."""
        return int(self.display.intern_atom(name))
