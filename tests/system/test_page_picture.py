"""What the page shows: every pixel, at the screen's own size, and nothing while nobody can see it."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Callable, List

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from ..support.lab import Jupyter
from ..support.pages import DesktopPage, Painting
from ..support.screen import Screen

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")

# What stands still is to be exact within half a second; the rest is for a machine that has other things to do.
SOON = 2.5


@pytest.mark.parametrize("quality", ["adaptive", "low"])
def test_picture_that_stands_still_is_exact_in_every_pixel(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen], quality: str
) -> None:
    page = DesktopPage(context, jupyter, quality=quality).open()
    page.canvas.wait_for_size_of(screen())
    painting = Painting(screen())
    with painting.moving():
        page.page.wait_for_timeout(1500)
    assert page.wait_until_equal(screen()) < SOON


def test_small_change_of_a_desktop_at_rest_is_exact_as_soon(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    page = DesktopPage(context, jupyter, quality="low")
    with page.page.expect_event("websocket") as opened:
        page.open()
    page.canvas.wait_for_size_of(screen())
    painting = Painting(screen(), side=64)
    page.wait_until_equal(screen())
    # At rest the page looks at the picture each time that it sends a ping, every three seconds; it has just done so.
    pings: List[float] = []
    opened.value.wait_for_event("framesent", predicate=lambda sent: _is_quiet(sent, pings))
    painting.next()
    assert page.wait_until_equal(screen()) < SOON


def _is_quiet(sent: Any, pings: List[float]) -> bool:
    if isinstance(sent, str) and json.loads(sent)["type"] == "ping":
        pings.append(time.monotonic())
    return len(pings) > 1 and pings[-1] - pings[-2] > 2


def test_picture_of_low_quality_is_not_exact_while_it_moves(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    page = DesktopPage(context, jupyter, quality="low").open()
    painting = Painting(screen())
    with painting.moving():
        expect(page.page.locator(".casa-desktop-Info")).to_contain_text("low quality")
    expect(page.page.locator(".casa-desktop-Info")).to_contain_text("lossless")


def test_pinned_quality_is_kept_for_the_next_time(context: BrowserContext, jupyter: Jupyter) -> None:
    page = DesktopPage(context, jupyter).open()
    page.tool("Picture").click()
    page.page.get_by_role("radio", name=re.compile("^Low")).check()
    page.page.reload()
    page.wait_for_state("connected")
    page.tool("Picture").click()
    expect(page.page.get_by_role("radio", name=re.compile("^Low"))).to_be_checked()


def test_hidden_page_is_sent_no_pictures_and_shows_the_newest_when_it_is_seen_again(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    page = DesktopPage(context, jupyter).open()
    page.canvas.wait_for_size_of(screen())
    painting = Painting(screen())
    with painting.moving():
        first = page.frames
        while page.frames <= first + 5:
            page.page.wait_for_timeout(50)
        page.pretend("hidden")
        page.page.wait_for_timeout(500)
        before = page.frames
        page.page.wait_for_timeout(1500)
        # Fences of Xvnc's may come, four were seen; the thirty pictures of these 1.5 seconds may not.
        assert page.frames - before <= 10
    page.pretend("visible")
    assert page.wait_until_equal(screen()) < SOON


def test_desktop_follows_the_size_of_the_window_to_the_pixel(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    page = DesktopPage(context, jupyter).open()
    for width, height in ((900, 700), (901, 650), (1300, 800)):
        page.page.set_viewport_size({"width": width, "height": height})
        here = screen()
        here.wait_until_wide(width)
        page.canvas.wait_for_size_of(here)
        page.wait_until_equal(here)


def test_many_steps_of_a_resize_end_at_the_last_size(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    page = DesktopPage(context, jupyter).open()
    for step in range(20):
        page.page.set_viewport_size({"width": 800 + 10 * step, "height": 600})
    here = screen()
    here.wait_until_wide(990)
    page.canvas.wait_for_size_of(here)


def test_screen_of_twice_the_pixels_shows_each_of_the_desktop_once(
    browser: Browser, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 600}, device_scale_factor=2)
    context.set_default_timeout(30_000)
    page = DesktopPage(context, jupyter).open()
    here = screen()
    here.wait_until(lambda: here.size()[0] == 1600, "desktop twice as wide as the page")
    page.wait_until_equal(here)
    box = page.canvas.locator.bounding_box()
    assert box is not None
    assert (box["width"] * 2, box["height"] * 2) == here.size()
    page.tool("Picture").click()
    page.page.get_by_role("checkbox", name="One to one").uncheck()
    here.wait_until_wide(800)
    context.close()


def test_narrow_page_has_all_its_buttons_within_reach(context: BrowserContext, jupyter: Jupyter) -> None:
    page = DesktopPage(context, jupyter)
    page.page.set_viewport_size({"width": 360, "height": 640})
    page.open()
    expect(page.page.locator(".casa-desktop-Info")).to_be_hidden()
    page.tool("Stop or restart the desktop").click()
    panel = page.page.get_by_role("dialog")
    expect(panel).to_be_visible()
    box = panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
