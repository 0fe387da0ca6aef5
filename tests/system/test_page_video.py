"""What moves comes as video, what stands still is exact, and whatever becomes of the video, RFB takes over again."""

from __future__ import annotations

import copy
import json
import signal
from typing import Any, Callable, ContextManager, Dict, Iterator, List

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, WebSocket, expect
from Xlib import X

from casa_desktop import names
from casa_desktop.video.program import NICE

from ..benchmarks.link import Link, Shape
from ..benchmarks.links import LINKS, NARROW, NEAR
from ..support import living
from ..support.lab import Jupyter
from ..support.pages import DesktopPage, repeated
from ..support.screen import Screen

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")

# More than half of it moves, in tiles of 64 pixels.
SIDE = 450
# The sky's pixels in one grain, in one put, and in one step.
GRAIN, ROWS, STEP = 3, 50, 4
NO_WEBCODECS = "delete window.VideoDecoder"


class Film:
    """A page that shows a desktop on which something large moves.

    Attributes:
        said: what the page has told the server about video.
        shown: how many frames of video it has shown.
    """

    def __init__(self, context: BrowserContext, jupyter: Jupyter, script: str = "", **preferences: Any) -> None:
        self.said: List[Dict[str, Any]] = []
        self.shown = 0
        self._sockets: List[WebSocket] = []
        self.page = DesktopPage(context, jupyter, **preferences)
        if script:
            self.page.page.add_init_script(script)
        self.page.page.on("websocket", self._follow)
        self.page.open()

    def _follow(self, socket: WebSocket) -> None:
        self._sockets.append(socket)
        socket.on("framesent", self._keep)

    def _keep(self, payload: Any) -> None:
        words = json.loads(payload) if isinstance(payload, str) else {}
        if words.get("type") == "video":
            self.said.append(words)
        self.shown += words.get("type") == "shown"

    @property
    def info(self) -> Any:
        return self.page.page.locator(".casa-desktop-Info")

    def wait_for_video(self) -> None:
        expect(self.info).to_contain_text("video")

    def wait_for_rfb(self) -> None:
        expect(self.info).not_to_contain_text("video")

    def wait_for_frames(self, number: int) -> None:
        """Wait until so many more frames of video have been shown."""
        until = self.shown + number
        self._sockets[-1].wait_for_event("framesent", predicate=lambda _: self.shown >= until)

    def wait_for_updates(self, number: int) -> None:
        """Wait until so many more messages have come."""
        until = self.page.frames + number
        self._sockets[-1].wait_for_event("framereceived", predicate=lambda _: self.page.frames >= until)

    def is_exact(self, screen: Screen) -> None:
        """Wait until each pixel that is seen is the desktop's own."""
        expect(self.page.page.locator(".casa-desktop-Video")).to_be_hidden()
        self.page.wait_until_equal(screen)
        assert self.page.page.locator(".casa-desktop-Video").is_hidden()


class Sky:
    """A window without a frame in which noise drifts: video follows what drifts, and RFB sends all of it each time."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._at = screen, 0
        depth = screen.display.screen().root_depth
        self._window = screen.root.create_window(128, 64, SIDE, SIDE, 0, depth, override_redirect=True)
        self._pixmap, self._pen = self._window.create_pixmap(2 * SIDE, SIDE, depth), self._window.create_gc()
        coarse = np.random.default_rng(4).integers(0, 256, (SIDE // GRAIN, 2 * SIDE // GRAIN), np.uint32)
        noise = np.kron(coarse, np.ones((GRAIN, GRAIN), np.uint32)) * 0x010101
        for row in range(0, SIDE, ROWS):
            data = noise[row : row + ROWS].tobytes()
            self._pixmap.put_image(self._pen, 0, row, 2 * SIDE, ROWS, X.ZPixmap, depth, 0, data)
        self._window.map()

    def next(self) -> None:
        """Let it drift by a few pixels."""
        self._at = (self._at + STEP) % SIDE
        self._window.copy_area(self._pen, self._pixmap, self._at, 0, SIDE, SIDE, 0, 0)
        self._screen.display.sync()


def moving(screen: Screen) -> ContextManager[None]:
    """Let a sky drift while inside."""
    return repeated(Sky(screen).next)


@pytest.fixture
def narrow(jupyter: Jupyter) -> Iterator[Jupyter]:
    """The server behind a link over which video brings more frames than RFB, however busy the processors are."""
    with Link(jupyter.port, LINKS[NARROW]) as way:
        yield through(jupyter, way)


def encoders(jupyter: Jupyter) -> List[psutil.Process]:
    return [each for each in living.below(jupyter.process.pid) if names.VIDEO_PROGRAM in living.command(each)]


def encoder_of(film: Film, jupyter: Jupyter) -> psutil.Process:
    """Return the encoder of the only view, once it has one; on a busy machine RFB may have to step in for it."""
    while True:
        film.wait_for_video()
        found = encoders(jupyter)
        if found:
            return found[0]


def test_what_moves_comes_as_video_and_is_exact_when_it_rests(
    context: BrowserContext, narrow: Jupyter, screen: Callable[[], Screen]
) -> None:
    film = Film(context, narrow)
    film.page.canvas.wait_for_size_of(screen())
    with moving(screen()):
        assert encoder_of(film, narrow).nice() == NICE
        expect(film.page.page.locator(".casa-desktop-Video")).to_be_visible()
        # What looks for the desktop's canvas finds it.
        expect(film.page.page.locator("canvas")).to_have_count(1)
        assert film.said[0]["area"]["width"] >= SIDE
    film.is_exact(screen())
    assert film.said[-1]["area"] is None


@pytest.mark.parametrize(("script", "preferences"), [(NO_WEBCODECS, {}), ("", {"quality": "lossless"})])
def test_browser_without_webcodecs_and_pinned_lossless_quality_have_no_video(
    browser: Browser,
    context: BrowserContext,
    jupyter: Jupyter,
    narrow: Jupyter,
    screen: Callable[[], Screen],
    script: str,
    preferences: Dict[str, str],
) -> None:
    without = Film(context, jupyter, script, **preferences)
    without.page.canvas.wait_for_size_of(screen())
    with browser.new_context() as other, moving(screen()):
        # The same desktop, at the same time: what moves is a film to others.
        Film(other, narrow).wait_for_video()
        without.wait_for_updates(20)
    assert without.said == []
    without.is_exact(screen())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_picture_goes_on_when_the_encoder_dies_or_stalls(
    context: BrowserContext, narrow: Jupyter, screen: Callable[[], Screen], number: signal.Signals
) -> None:
    film = Film(context, narrow)
    film.page.canvas.wait_for_size_of(screen())
    with moving(screen()):
        encoder = encoder_of(film, narrow)
        encoder.send_signal(number)
        film.wait_for_rfb()
        expect(film.page.page.locator(".casa-desktop-Video")).to_be_hidden()
        assert film.said[-1] == {"type": "video", "area": None, "failed": True}
        # One that was stopped is ended, and not continued.
        psutil.wait_procs([encoder], timeout=30)
        assert not living.is_alive(encoder)
        # It is tried again later.
        film.wait_for_video()
    film.is_exact(screen())


def test_picture_goes_on_when_the_browser_loses_its_decoder(
    context: BrowserContext, narrow: Jupyter, screen: Callable[[], Screen]
) -> None:
    film = Film(context, narrow, _LOSABLE)
    film.page.canvas.wait_for_size_of(screen())
    with moving(screen()):
        film.wait_for_video()
        film.page.page.evaluate("window.lost = true")
        film.wait_for_rfb()
        expect(film.page.page.locator(".casa-desktop-Video")).to_be_hidden()
    film.is_exact(screen())


# A decoder that the browser takes away, as it does when the graphics processor's memory is needed elsewhere.
_LOSABLE = """{
    const decode = VideoDecoder.prototype.decode;
    VideoDecoder.prototype.decode = function (chunk) {
        if (window.lost) {
            throw new DOMException('The decoder was lost.', 'InvalidStateError');
        }
        return decode.call(this, chunk);
    };
}"""


def test_hidden_page_has_no_video_until_it_is_seen_again(
    context: BrowserContext, narrow: Jupyter, screen: Callable[[], Screen]
) -> None:
    film = Film(context, narrow)
    film.page.canvas.wait_for_size_of(screen())
    with moving(screen()):
        film.wait_for_video()
        film.page.pretend("hidden")
        film.wait_for_rfb()
        assert film.said[-1]["area"] is None
        film.page.pretend("visible")
        film.wait_for_frames(10)
    film.is_exact(screen())


def test_view_that_is_resized_while_a_film_runs_shows_it_and_is_exact_afterwards(
    context: BrowserContext, narrow: Jupyter, screen: Callable[[], Screen]
) -> None:
    film = Film(context, narrow)
    film.page.canvas.wait_for_size_of(screen())
    with moving(screen()):
        for width, height in ((1500, 900), (701, 655), (1920, 1080)):
            film.wait_for_video()
            film.page.page.set_viewport_size({"width": width, "height": height})
            here = screen()
            here.wait_until_wide(width)
            film.page.canvas.wait_for_size_of(here)
        film.wait_for_video()
    film.is_exact(screen())


def test_video_lies_on_its_place_where_the_screen_has_two_pixels_for_one(
    browser: Browser, narrow: Jupyter, screen: Callable[[], Screen]
) -> None:
    context = browser.new_context(viewport={"width": 960, "height": 540}, device_scale_factor=2)
    try:
        film = Film(context, narrow)
        film.page.page.wait_for_function("document.querySelector('.casa-desktop-Frame canvas').width === 1920")
        with moving(screen()):
            film.wait_for_video()
            box = film.page.page.locator(".casa-desktop-Video").bounding_box()
            canvas = film.page.canvas.locator.bounding_box()
            # The last may have been asked for, and not be there yet.
            areas = [words["area"] for words in film.said if words["area"]]
        assert box
        assert canvas
        place = (box["x"] - canvas["x"], box["y"] - canvas["y"], box["width"], box["height"])
        halves = [[side / 2 for side in area.values()] for area in areas]
        assert any(place == pytest.approx(half, abs=0.5) for half in halves), (place, halves)
        film.is_exact(screen())
    finally:
        context.close()


@pytest.mark.parametrize("link", [NEAR, "50 ms, 20 Mbit/s", NARROW])
def test_picture_is_exact_after_a_film_over_three_links(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen], link: str
) -> None:
    with Link(jupyter.port, LINKS[link]) as way:
        film = Film(context, through(jupyter, way))
        film.page.canvas.wait_for_size_of(screen())
        with moving(screen()):
            film.wait_for_video()
            film.wait_for_frames(10)
        film.is_exact(screen())


def test_slow_view_does_not_hold_up_another(
    browser: Browser, context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    # Of so little even frames of 1 kB fill it.
    with Link(jupyter.port, Shape(0.1, 3e5 / 8)) as way, browser.new_context() as other:
        fast = Film(context, jupyter)
        fast.page.canvas.wait_for_size_of(screen())
        slow = Film(other, through(jupyter, way))
        with moving(screen()):
            fast.wait_for_video()
            slow.wait_for_video()
            # Of whatever kind: where the processors are busy, RFB steps in for an encoder that is late.
            before = slow.page.frames
            fast.wait_for_updates(60)
            assert slow.page.frames - before < 60
        fast.is_exact(screen())
        slow.is_exact(screen())


def through(jupyter: Jupyter, way: Link) -> Jupyter:
    """Return the server as it is reached through a link."""
    there = copy.copy(jupyter)
    there.url = jupyter.url.replace(str(jupyter.port), str(way.port))
    return there
