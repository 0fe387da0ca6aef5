"""Several views of one desktop: one controls its size, some may only look."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from ..support.lab import Jupyter
from ..support.pages import DesktopPage, share_of_equal_pixels
from ..support.screen import Screen

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")

TAKE = "Take control of the size"


def test_second_view_shows_the_same_scaled_until_it_takes_the_control(
    browser: Browser, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    large = browser.new_context(viewport={"width": 1300, "height": 900})
    small = browser.new_context(viewport={"width": 650, "height": 600})
    first = DesktopPage(large, jupyter).open()
    here = screen()
    first.canvas.wait_for_size_of(here)
    second = DesktopPage(small, jupyter).open()
    expect(second.tool(TAKE)).to_be_visible()
    expect(first.tool(TAKE)).to_be_hidden()
    assert here.size()[0] == 1300
    box = second.canvas.locator.bounding_box()
    assert box is not None
    assert round(box["width"]) == 650
    second.tool(TAKE).click()
    here.wait_until(lambda: here.size()[0] == 650, "desktop as wide as the second view")
    expect(first.tool(TAKE)).to_be_visible()
    expect(second.tool(TAKE)).to_be_hidden()
    small.close()
    here.wait_until(lambda: here.size()[0] == 1300, "desktop as wide as the view that is left")
    large.close()


def test_link_shows_the_desktop_to_who_may_only_look_until_it_is_withdrawn(
    context: BrowserContext, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    owner = DesktopPage(context, jupyter).open()
    owner.tool("Share").click()
    owner.page.get_by_label("For whom the link is").fill("Ada")
    owner.page.get_by_role("button", name="Make a link").click()
    address = owner.page.get_by_label("The address of the link")
    expect(address).to_have_value(re.compile(r"/casa-desktop/shared/[^/]+/$"))
    path = address.input_value().removeprefix(jupyter.url)
    guest = DesktopPage(context, jupyter).open(path)
    expect(guest.page.get_by_text("View only")).to_be_visible()
    expect(guest.tool("Clipboard")).to_be_hidden()
    expect(guest.tool("Stop or restart the desktop")).to_be_hidden()
    expect(guest.canvas.locator).to_be_visible()
    here = screen()
    here.wait_until_still()
    # But for the pointer, which is the owner's and painted into the guest's picture.
    assert share_of_equal_pixels(guest.canvas.pixels(), here.pixels()) > 0.99
    owner.page.get_by_role("button", name="Withdraw Ada").click()
    guest.wait_for_state("failed")
    expect(guest.page.get_by_text("This link shows the desktop no more.")).to_be_visible()


def test_link_that_never_was_says_so(context: BrowserContext, jupyter: Jupyter) -> None:
    page = context.new_page()
    answer = page.goto(f"{jupyter.url}casa-desktop/shared/nonsense/?token={jupyter.token}")
    assert answer is not None
    assert answer.status == 404


def test_address_that_a_program_hands_over_is_opened_only_by_the_user(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str], environment: Dict[str, str]
) -> None:
    page = DesktopPage(context, jupyter).open()
    folder = Path(json.loads(desktop("status", "--json"))[0]["xauthority"]).parent
    address = f"{jupyter.url}api/status?x=1"
    subprocess.run(
        [sys.executable, "-m", "casa_desktop.desktop.open_url", folder, address], env=environment, check=True
    )
    prompt = page.page.get_by_role("alert")
    expect(prompt).to_contain_text("A program on the desktop wants to open")
    expect(prompt).to_contain_text(address)
    assert len(context.pages) == 1
    with context.expect_page() as opened:
        prompt.get_by_role("button", name="Open", exact=True).click()
    assert opened.value.url == address
    assert opened.value.evaluate("window.opener") is None
    expect(prompt).to_be_hidden()
