"""The desktop's own page in a real browser, and what is painted on the desktop for it to show."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Iterator, Tuple

import numpy as np
from playwright.sync_api import BrowserContext, Locator, Page, expect
from Xlib import X

from .clock import Stopwatch
from .lab import Canvas, Jupyter
from .screen import Pixels, Screen

TIMEOUT = 30_000
Place = Tuple[int, int]


class DesktopPage:
    """The page of a desktop.

    Attributes:
        page: what Playwright knows it by.
        frames: how many binary frames of websockets have come.
    """

    def __init__(self, context: BrowserContext, jupyter: Jupyter, **preferences: Any) -> None:
        self.page: Page = context.new_page()
        self.frames = 0
        self.jupyter = jupyter
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        if preferences:
            self.page.add_init_script(
                f"localStorage['casa-desktop:preferences'] ??= JSON.stringify({_script(preferences)})"
            )

    def _count(self, payload: Any) -> None:
        self.frames += isinstance(payload, bytes)

    def open(self, path: str = "casa-desktop/", query: str = "") -> DesktopPage:
        """Open a page of casa-desktop's, logged in, and wait until it shows the desktop."""
        self.page.goto(f"{self.jupyter.url}{path}?token={self.jupyter.token}{query}")
        self.wait_for_state("connected")
        return self

    def wait_for_state(self, state: str) -> None:
        """Wait until the page says that it is in this state."""
        expect(self.page.locator("body")).to_have_attribute("data-state", state, timeout=TIMEOUT)

    @property
    def canvas(self) -> Canvas:
        """The desktop's canvas."""
        return Canvas(self.page, self.page.locator(".casa-desktop-Frame canvas"))

    def tool(self, name: str) -> Locator:
        """Return a button of the toolbar."""
        return self.page.get_by_role("toolbar").get_by_role("button", name=name, exact=True)

    def wait_until_equal(self, screen: Screen, timeout: float = 20) -> float:
        """Wait until each pixel of the canvas is as X has it; return the seconds that it took, by ``Stopwatch``."""
        watch = Stopwatch()
        # Xvnc paints the pointer into the picture of a view that has not moved it to where it is.
        self.canvas.locator.hover(position={"x": 5, "y": 5})
        started = time.monotonic()
        while time.monotonic() - started < timeout:
            # The desktop itself may change meanwhile, as when the window manager takes a hint away.
            if self.page.evaluate(_UNTIL_EQUAL, [_digest(screen.pixels()), 1000]):
                return watch.seconds()
        raise AssertionError(f"The canvas was not the desktop's picture within {timeout} s.")

    def pretend(self, state: str) -> None:
        """Tell the page that it is 'hidden' or 'visible': headless Chromium shows all its pages at once."""
        self.page.evaluate(_PRETEND, state)

    def size(self) -> Place:
        """Return the canvas's size in pixels of the desktop."""
        width, height = self.canvas.locator.evaluate("canvas => [canvas.width, canvas.height]")
        return width, height


def _script(preferences: Any) -> str:
    whole = {"quality": "adaptive", "sharp": True, "clipboard": True, "keyboard": True, **preferences}
    return json.dumps(whole)


def _digest(pixels: Pixels) -> str:
    """Return the hash of the pixels as a canvas has them, with an opacity."""
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return hashlib.sha256(opaque.tobytes()).hexdigest()


_UNTIL_EQUAL = """async ([wanted, timeout]) => {
    const started = performance.now();
    while (performance.now() - started < timeout) {
        const canvas = document.querySelector('.casa-desktop-Frame canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
        if (Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('') === wanted) {
            return true;
        }
        await new Promise(resolve => requestAnimationFrame(resolve));
    }
    return false;
}"""


_PRETEND = """state => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@contextmanager
def repeated(act: Callable[[], None], per_second: int = 20) -> Iterator[None]:
    """Do something again and again while inside, in another thread."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(1 / per_second):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Painting:
    """A window without a frame that shows pictures of many colours, above all others.

    Args:
        screen: a connection of its own: the pictures may be painted by another thread.
        at: its left upper corner.
        side: its width and height.
    """

    def __init__(self, screen: Screen, at: Place = (100, 60), side: int = 300) -> None:
        self.screen, self.side = screen, side
        depth = screen.display.screen().root_depth
        self.window = screen.root.create_window(*at, side, side, 0, depth, override_redirect=True)
        self.pixmap = self.window.create_pixmap(side, side, depth)
        self.pen = self.window.create_gc()
        self.random = np.random.default_rng(4)
        self.window.map()
        self.next()

    def next(self) -> None:
        """Show another picture: noise, which no palette holds and JPEG cannot keep."""
        noise = self.random.integers(0, 256, (self.side, self.side, 4), np.uint8)
        depth = self.screen.display.screen().root_depth
        for row in range(0, self.side, 50):
            data = noise[row : row + 50].tobytes()
            self.pixmap.put_image(self.pen, 0, row, self.side, 50, X.ZPixmap, depth, 0, data)
        self.window.change_attributes(background_pixmap=self.pixmap)
        self.window.clear_area()
        self.screen.display.sync()

    def moving(self, per_second: int = 20) -> ContextManager[None]:
        """Show one picture after the other while inside."""
        return repeated(self.next, per_second)


def share_of_equal_pixels(one: Pixels, other: Pixels) -> float:
    """Return how much of two pictures is the same, between 0 and 1."""
    return float(np.mean(np.all(one == other, axis=2)))
