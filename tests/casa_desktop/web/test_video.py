"""Video on a real Jupyter server: a real Xvnc, and a real encoder whose frames a real decoder decodes."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Awaitable, Callable, List, Tuple

import av
import numpy as np
import psutil
import pytest
from Xlib.display import Display

from casa_desktop import names
from casa_desktop.desktop import registry
from casa_desktop.system.executor import in_thread
from casa_desktop.video.codecs import CODECS, LEVELS
from casa_desktop.video.process import EncoderProcess
from casa_desktop.views import share_links

from ...support import living
from ...support.browser import RAW, Browser

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]
AREA = {"x": 64, "y": 64, "width": 256, "height": 192}
COLOURS = (0xC03020, 0x2060D0, 0x808080, 0xFFFFFF, 0x000000)


class Paint:
    """Fills an area of the desktop, above all windows, with one colour after the other."""

    def __init__(self, display: Display) -> None:
        self._display, self._number = display, 0
        screen = display.screen()
        self._window = screen.root.create_window(
            *(0, 0, 400, 400, 0, screen.root_depth), override_redirect=True, background_pixel=0
        )
        self._window.map()
        display.sync()

    def next(self) -> Tuple[int, ...]:
        """Fill it with another colour; return red, green, blue."""
        colour = COLOURS[self._number % len(COLOURS)]
        self._number += 1
        self._window.change_attributes(background_pixel=colour)
        self.again()
        return colour >> 16, colour >> 8 & 0xFF, colour & 0xFF

    def again(self) -> None:
        """Fill it with the same colour."""
        self._window.clear_area()
        self._display.sync()


class Decoder:
    """Decodes one stream."""

    def __init__(self, codec: str) -> None:
        self._context: Any = av.CodecContext.create(codec, "r")

    def mean(self, data: bytes) -> np.ndarray[Any, Any]:
        """Return the mean colour of a frame."""
        (frame,) = self._context.decode(av.Packet(data))
        assert (frame.width, frame.height) == (AREA["width"], AREA["height"])
        mean: np.ndarray[Any, Any] = np.asarray(frame.to_ndarray(format="rgb24")).mean(axis=(0, 1))
        return mean


def encoders() -> List[psutil.Process]:
    return [each for each in living.below(os.getpid()) if names.VIDEO_PROGRAM in living.command(each)]


async def _shown(browser: Browser) -> Tuple[Any, bytes]:
    words, data = await browser.frame()
    browser.say(type="shown", stream=words["stream"])
    return words, data


async def test_a_view_that_asks_is_told_which_codecs_there_are(display: Display, view: View) -> None:
    browser = await view()
    browser.say(type="codecs")
    assert await browser.hear("codecs") == {"type": "codecs", "codecs": list(CODECS)}


@pytest.mark.parametrize("codec", CODECS)
async def test_frames_show_what_is_on_the_desktop_in_its_colours(display: Display, view: View, codec: str) -> None:
    browser = await view()
    paint, decoder = Paint(display), Decoder(codec)
    wanted = paint.next()
    browser.say(type="video", area=AREA, codec=codec, level=LEVELS - 1)
    for number in range(len(COLOURS)):
        words, data = await _shown(browser)
        assert (words["key"], words["area"]) == (number == 0, AREA)
        assert decoder.mean(data) == pytest.approx(wanted, abs=4)
        wanted = paint.next()


async def test_view_is_told_that_nothing_moves(display: Display, view: View) -> None:
    browser = await view()
    browser.say(type="video", area=AREA, codec="h264", level=4)
    words, _ = await _shown(browser)
    assert (await browser.hear("rest"))["stream"] == words["stream"]
    # What moves again is a frame at once.
    Paint(display).next()
    assert not (await _shown(browser))[0]["key"]


async def test_what_is_painted_as_it_was_is_no_frame(display: Display, view: View) -> None:
    browser, paint = await view(), Paint(display)
    browser.say(type="video", area=AREA, codec="h264", level=4)
    await _shown(browser)
    await browser.hear("rest")
    paint.again()
    for _ in range(2):
        await browser.hear("rest")
    assert browser.frames == 0


async def test_view_that_shows_no_frames_is_sent_two(display: Display, view: View) -> None:
    browser, other = await view(), await (await view()).greet(RAW)
    paint = Paint(display)
    browser.say(type="video", area=AREA, codec="h264", level=4)
    for _ in range(2):
        await browser.frame()
        paint.next()
    for _ in range(20):
        paint.next()
        await other.update()
    # Whatever the server had to send has come when this has.
    browser.say(type="ping", id=1)
    await browser.hear("pong")
    assert browser.frames == 0
    browser.say(type="shown", stream=1)
    await browser.frame()


async def test_other_area_begins_another_stream_of_the_same_encoder(display: Display, view: View) -> None:
    browser = await view()
    browser.say(type="video", area=AREA, codec="h264", level=4)
    first, _ = await _shown(browser)
    running = encoders()
    larger = {**AREA, "width": 300}
    browser.say(type="video", area=larger, codec="h264", level=4)
    while (words := (await _shown(browser))[0])["stream"] == first["stream"]:
        pass
    assert (words["key"], words["area"]) == (True, larger)
    assert encoders() == running


async def test_encoder_ends_with_its_view(display: Display, view: View) -> None:
    browser = await view()
    browser.say(type="video", area=AREA, codec="h264", level=4)
    await browser.frame()
    (encoder,) = encoders()
    browser.websocket.close()
    await in_thread(psutil.wait_procs, [encoder], 30)
    assert not living.is_alive(encoder)


async def test_encoder_that_is_not_used_ends_after_a_while(display: Display, view: View) -> None:
    browser = await view()
    browser.say(type="video", area=AREA, codec="h264", level=4)
    await _shown(browser)
    running = encoders()
    browser.say(type="video", area=None)
    await in_thread(psutil.wait_procs, running, 60)
    assert not any(map(living.is_alive, running))
    # The page does not wait for it, and may have another one.
    browser.say(type="video", area=AREA, codec="h264", level=4)
    assert (await _shown(browser))[0]["key"]
    assert not any(each["type"] == "ended" for each in browser.words)


async def test_view_is_told_when_its_encoder_dies_and_may_have_another(display: Display, view: View) -> None:
    browser = await view()
    for _ in range(2):
        browser.say(type="video", area=AREA, codec="h264", level=4)
        await browser.frame()
        (encoder,) = encoders()
        encoder.kill()
        await browser.hear("ended")


async def test_there_are_no_more_encoders_than_processors(
    display: Display, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    first, second = await view(), await view()
    for browser in (first, second):
        browser.say(type="video", area=AREA, codec="h264", level=4)
    await first.frame()
    await second.hear("ended")
    assert len(encoders()) == 1


async def _guest(view: View) -> Browser:
    record = registry.find("main")
    assert record is not None
    _, token = share_links.create(record)
    return await view("shared", token, "rfb")


async def test_guest_who_may_only_look_has_video_too(display: Display, view: View) -> None:
    browser = await _guest(view)
    browser.say(type="video", area=AREA, codec="h264", level=4)
    assert (await browser.frame())[0]["key"]


async def test_owner_takes_the_last_encoder_over_from_a_guest_and_not_the_other_way_round(
    display: Display, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    owner, guest = await view(), await _guest(view)
    guest.say(type="video", area=AREA, codec="h264", level=4)
    await guest.frame()
    running = encoders()
    owner.say(type="video", area=AREA, codec="h264", level=4)
    await owner.frame()
    # The guest's page goes on without video, and is not given the owner's.
    await guest.hear("ended")
    await in_thread(psutil.wait_procs, running, 30)
    guest.say(type="video", area=AREA, codec="h264", level=4)
    await guest.hear("ended")
    assert len(encoders()) == 1
    assert EncoderProcess.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        {"area": {**AREA, "width": 3}},
        {"area": "all"},
        {"codec": "libx264"},
        {"codec": ["h264"]},
        {"level": LEVELS},
        {"level": "4"},
    ],
)
async def test_what_is_no_request_for_video_closes_the_view(display: Display, view: View, words: Any) -> None:
    browser = await view()
    browser.say(**{"type": "video", "area": AREA, "codec": "h264", "level": 4, **words})
    code, reason = await browser.closed()
    assert code == 1008
    assert "video" in reason or "area" in reason


async def test_nothing_grows_while_videos_begin_and_end(
    display: Display, view: View, request: pytest.FixtureRequest
) -> None:
    browser = await view()
    rounds = 1000 if request.config.getoption("--long") else 100
    memory: List[int] = []
    # The first rounds load what is loaded once.
    for number in range(rounds + 10):
        browser.say(type="video", area={**AREA, "width": 256 + 2 * (number % 50)}, codec="h264", level=number % LEVELS)
        while not (await _shown(browser))[0]["key"]:
            pass
        browser.say(type="video", area=None)
        if number in (9, rounds + 9):
            memory.append(living.resident(encoders()))
            memory.append(len(os.listdir("/proc/self/fd")))
    before, descriptors, after, descriptors_after = memory
    assert descriptors_after == descriptors
    # A leak of one picture in each round would be twenty megabytes in a hundred.
    assert after - before < 8 << 20


async def test_encoders_that_begin_and_end_leave_nothing(
    display: Display, view: View, request: pytest.FixtureRequest
) -> None:
    browser = await view()
    descriptors: List[int] = []
    for _ in range(100 if request.config.getoption("--long") else 5):
        browser.say(type="video", area=AREA, codec="h264", level=4)
        await _shown(browser)
        running = encoders()
        browser.say(type="video", area=None, failed=True)
        await in_thread(psutil.wait_procs, running, 30)
        # What comes after the end of the process, in this one.
        while EncoderProcess.count():
            await asyncio.sleep(0)
        descriptors.append(len(os.listdir("/proc/self/fd")))
        assert encoders() == []
    assert descriptors[-1] <= descriptors[0]
