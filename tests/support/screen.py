"""A desktop seen from its X server: its windows, its picture, and a hand that moves its pointer.

Nothing here polls: a change of the picture is an event of X's DAMAGE extension, a new window one of the root window.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from Xlib import XK, X, Xatom, xauth
from Xlib.display import Display
from Xlib.error import BadDrawable, BadWindow
from Xlib.ext import damage, xtest
from Xlib.protocol import event
from Xlib.protocol.display import Display as BaseDisplay

Pixels = NDArray[np.uint8]
Point = Tuple[int, int]
Found = TypeVar("Found")

LEFT, RIGHT = 1, 3

# python-xlib 0.33 has one dictionary for the extensions' events of all connections of a process, by each X server's own
# numbers: those of two servers that count differently (Xvnc and Xvfb) collide. Each connection gets one of its own.
_events = cached_property(lambda _: event.event_class.copy())
_events.__set_name__(BaseDisplay, "event_classes")
BaseDisplay.event_classes = _events


@dataclass(frozen=True)
class Window:
    """A window's title and its inside on the desktop, in pixels, and the process that says it is its own, or 0."""

    title: str
    left: int
    top: int
    width: int
    height: int
    pid: int

    @property
    def centre(self) -> Point:
        return self.left + self.width // 2, self.top + self.height // 2

    def cut(self, pixels: Pixels) -> Pixels:
        """Return the window's part of a picture of the desktop."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


class Screen:
    """A connection to the X server of a desktop; a context manager.

    Args:
        record: what ``casa-desktop status --json`` says of the desktop.
    """

    def __init__(self, record: Dict[str, Any]) -> None:
        with authority(record["xauthority"]):
            self.display = Display(record["display"])
        self.root = self.display.screen().root
        self.root.change_attributes(event_mask=X.PropertyChangeMask)
        self.display.damage_query_version()
        self.damage = self.root.damage_create(damage.DamageReportNonEmpty)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.display.close()

    def size(self) -> Tuple[int, int]:
        """Return width and height in pixels."""
        geometry = self.root.get_geometry()
        return geometry.width, geometry.height

    def pixels(self) -> Pixels:
        """Return the picture: height x width x (red, green, blue)."""
        width, height = self.size()
        image = self.root.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFF)
        return np.frombuffer(image.data, np.uint8).reshape(height, width, 4)[:, :, 2::-1].copy()

    def windows(self) -> List[Window]:
        """Return the windows that the window manager looks after."""
        clients = self.root.get_full_property(self.display.intern_atom("_NET_CLIENT_LIST"), Xatom.WINDOW)
        found = (self._describe(number) for number in (clients.value if clients else ()))
        return [window for window in found if window is not None]

    def _describe(self, number: int) -> Optional[Window]:
        window = self.display.create_resource_object("window", number)
        try:
            title = window.get_full_property(self.display.intern_atom("_NET_WM_NAME"), X.AnyPropertyType)
            text = title.value.decode() if title else (window.get_wm_name() or "")
            owner = window.get_full_property(self.display.intern_atom("_NET_WM_PID"), Xatom.CARDINAL)
            geometry, corner = window.get_geometry(), window.translate_coords(self.root, 0, 0)
        except (BadDrawable, BadWindow):
            # It closed since the list was read.
            return None
        return Window(text, -corner.x, -corner.y, geometry.width, geometry.height, owner.value[0] if owner else 0)

    def wait_for_window(self, title: str, timeout: float = 30) -> Window:
        """Return the first window whose title contains ``title``, as soon as there is one."""

        def look() -> Optional[Window]:
            return next((window for window in self.windows() if title in window.title), None)

        return self.wait_until(look, f"a window {title!r}", timeout)

    def wait_until_gone(self, title: str, timeout: float = 30) -> None:
        """Return as soon as no window's title contains ``title``."""

        def look() -> bool:
            return all(title not in window.title for window in self.windows())

        self.wait_until(look, f"the end of the window {title!r}", timeout)

    def wait_until(self, look: Callable[[], Optional[Found]], what: str, timeout: float = 20) -> Found:
        """Return what ``look`` finds; it is asked again whenever the picture or the windows change.

        Raises:
            TimeoutError: it found nothing for ``timeout`` seconds; the message lists the windows.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._forget_changes()
            found = look()
            if found:
                return found
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._wait_for_event(remaining):
                titles = [window.title for window in self.windows()]
                raise TimeoutError(f"No {what} within {timeout} s; the windows are {titles}.")

    def wait_until_managed(self) -> None:
        """Return once the desktop has its window manager, which comes after the X server, and takes the keyboard.

        IceWM sets the work area last, 25 ms after it has said that it is there; meanwhile it takes the keyboard.
        """
        self.wait_until(lambda: self._property("_NET_WORKAREA"), "window manager")

    def _property(self, name: str) -> Any:
        return self.root.get_full_property(self.display.intern_atom(name), X.AnyPropertyType)

    def wait_until_wide(self, width: int) -> None:
        """Return once the desktop has this width, in pixels: it follows a page that was given another."""
        self.wait_until(lambda: self.size()[0] == width, "desktop as wide as the page")

    def wait_until_still(self, seconds: float = 0.5, timeout: float = 20) -> None:
        """Return once nothing has changed for ``seconds``."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._forget_changes()
            if not self._wait_for_event(seconds):
                return
        raise TimeoutError(f"The desktop did not come to rest within {timeout} s.")

    def _forget_changes(self) -> None:
        """Forget the changes told so far; what changes from now on is told again."""
        # In this order: an event thrown away after the subtraction would be the only word of its change.
        while self.display.pending_events():
            self.display.next_event()
        self.display.damage_subtract(self.damage, X.NONE, X.NONE)
        self.display.sync()

    def _wait_for_event(self, timeout: float) -> bool:
        if self.display.pending_events():
            return True
        return bool(select.select([self.display.fileno()], [], [], timeout)[0])


class XHand:
    """Moves the pointer of an X server through XTEST, for want of a browser."""

    def __init__(self, screen: Screen) -> None:
        self.display = screen.display

    def _move(self, to: Point) -> None:
        xtest.fake_input(self.display, X.MotionNotify, x=to[0], y=to[1])
        self.display.sync()

    def _button(self, kind: int, button: int) -> None:
        xtest.fake_input(self.display, kind, button)
        self.display.sync()

    def drag(self, start: Point, end: Point, button: int = LEFT) -> None:
        """Press ``button`` at ``start``, move in ten steps, let go at ``end``."""
        self._move(start)
        self._button(X.ButtonPress, button)
        for step in range(1, 11):
            self._move((start[0] + (end[0] - start[0]) * step // 10, start[1] + (end[1] - start[1]) * step // 10))
        self._button(X.ButtonRelease, button)

    def click(self, at: Point, button: int = LEFT, times: int = 1) -> None:
        """Press ``button`` at a point, once or more."""
        self._move(at)
        # All at once: on a busy machine answers in between would make two slow clicks of a double one.
        for _ in range(times):
            xtest.fake_input(self.display, X.ButtonPress, button)
            xtest.fake_input(self.display, X.ButtonRelease, button)
        self.display.sync()

    def type(self, text: str) -> None:
        """Press the keys of small letters, digits and full stops, one after the other."""
        for letter in text:
            code = self.display.keysym_to_keycode(XK.string_to_keysym({".": "period"}.get(letter, letter)))
            for kind in (X.KeyPress, X.KeyRelease):
                xtest.fake_input(self.display, kind, code)
        self.display.sync()


@contextmanager
def authority(path: str) -> Iterator[None]:
    """Put the cookie at ``path`` where python-xlib finds it: it looks for entries of this host and of no wildcard."""
    _, _, _, name, cookie = xauth.Xauthority(path).entries[0]
    fields = (socket.gethostname().encode(), b"", name, cookie)
    entry = struct.pack(">H", xauth.FamilyLocal) + b"".join(struct.pack(">H", len(field)) + field for field in fields)
    before = os.environ.get("XAUTHORITY")
    with tempfile.NamedTemporaryFile() as file:
        file.write(entry)
        file.flush()
        os.environ["XAUTHORITY"] = file.name
        try:
            yield
        finally:
            del os.environ["XAUTHORITY"]
            if before is not None:
                os.environ["XAUTHORITY"] = before
