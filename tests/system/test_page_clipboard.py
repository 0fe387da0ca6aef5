"""The clipboards of browser and desktop: the same text on both, in any script."""

from __future__ import annotations

import subprocess
from typing import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from casa_desktop.runtime.record import Record

from ..support.lab import Jupyter
from ..support.pages import DesktopPage
from ..support.screen import Screen

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")

TEXT = "3 × 5 µJy, é, 中文, 🔭\nsecond line"


@pytest.fixture
def clipboard(record: Callable[[], Record]) -> Iterator[Callable[..., str]]:
    """Runs ``xclip`` on the desktop's clipboard: copies what it is given, or returns what is there."""
    holders = []

    def run(text: str = "") -> str:
        at = record()
        environment = {"DISPLAY": at.display, "XAUTHORITY": at.xauthority}
        command = ["xclip", "-selection", "clipboard"]
        if text:
            # It holds the text for as long as it lives.
            holder = subprocess.Popen([*command, "-in", "-quiet"], env=environment, stdin=subprocess.PIPE, text=True)
            assert holder.stdin is not None
            holder.stdin.write(text)
            holder.stdin.close()
            holders.append(holder)
            return text
        command += ["-out", "-target", "UTF8_STRING"]
        return subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, timeout=10, check=False
        ).stdout

    yield run
    for holder in holders:
        holder.kill()
        holder.wait()


def test_what_the_desktop_copies_is_on_the_browsers_clipboard(
    context: BrowserContext, jupyter: Jupyter, clipboard: Callable[..., str]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = DesktopPage(context, jupyter).open()
    page.canvas.click((300, 200))
    clipboard(TEXT)
    page.page.wait_for_function("async text => await navigator.clipboard.readText() === text", arg=TEXT)


def test_what_the_browser_has_is_on_the_desktops_clipboard_when_the_page_is_focused(
    context: BrowserContext, jupyter: Jupyter, clipboard: Callable[..., str], screen: Callable[[], Screen]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = DesktopPage(context, jupyter).open()
    page.tool("Full screen").focus()
    page.page.evaluate("text => navigator.clipboard.writeText(text)", TEXT)
    page.page.evaluate("window.dispatchEvent(new Event('focus'))")
    _wait_for(page, clipboard, TEXT)


def test_control_v_brings_the_text_over_before_the_key_and_asks_for_no_permission(
    context: BrowserContext, jupyter: Jupyter, clipboard: Callable[..., str]
) -> None:
    context.grant_permissions(["clipboard-write"])
    page = DesktopPage(context, jupyter).open()
    page.page.evaluate("text => navigator.clipboard.writeText(text)", TEXT)
    page.canvas.click((300, 200))
    page.page.keyboard.press("Control+V")
    _wait_for(page, clipboard, TEXT)


def test_panel_carries_texts_both_ways_where_the_clipboards_do_not_follow(
    context: BrowserContext, jupyter: Jupyter, clipboard: Callable[..., str]
) -> None:
    page = DesktopPage(context, jupyter, clipboard=False).open()
    clipboard("from the desktop: é")
    page.tool("Clipboard").click()
    field = page.page.get_by_label("The text on the desktop’s clipboard")
    expect(field).to_have_value("from the desktop: é")
    field.fill(TEXT)
    page.page.get_by_role("button", name="Send to desktop").click()
    _wait_for(page, clipboard, TEXT)


def test_text_that_xvnc_would_drop_is_refused_in_a_sentence(context: BrowserContext, jupyter: Jupyter) -> None:
    page = DesktopPage(context, jupyter).open()
    page.tool("Clipboard").click()
    page.page.get_by_label("The text on the desktop’s clipboard").fill("x" * 300_000)
    page.page.get_by_role("button", name="Send to desktop").click()
    expect(page.page.get_by_text("too long for the desktop")).to_be_visible()


def _wait_for(page: DesktopPage, clipboard: Callable[..., str], text: str) -> None:
    # The browser's answer takes a moment, in which it must be let run; X tells nobody that it came.
    for _ in range(400):
        if clipboard() == text:
            return
        page.page.wait_for_timeout(50)
    assert clipboard() == text
