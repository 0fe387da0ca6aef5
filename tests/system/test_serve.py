"""The page without Jupyter, in a browser: the link, and the desktop behind it."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import Callable, Dict, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from ..support.living import started


@pytest.fixture
def serving(environment: Dict[str, str], desktop: Callable[..., str]) -> Iterator[subprocess.Popen[str]]:
    """The process of ``casa-desktop serve``; it ends with the test."""
    command = ["casa-desktop", "serve", "--no-browser"]
    with started(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        _end(process)


@pytest.fixture
def link(serving: subprocess.Popen[str]) -> str:
    """The link that it prints."""
    assert serving.stdout is not None
    lines = iter(serving.stdout.readline, "")
    return next(found[0] for found in (re.search(r"http://\S+", line) for line in lines) if found)


def _end(serving: subprocess.Popen[str]) -> None:
    serving.send_signal(signal.SIGINT)
    serving.wait(30)


def test_a_page_that_is_served_no_more_says_what_to_do(
    context: BrowserContext, link: str, serving: subprocess.Popen[str]
) -> None:
    page = context.new_page()
    page.goto(link)
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    _end(serving)
    expect(page.locator("body")).to_have_attribute("data-state", "reconnecting")
    expect(page.get_by_text("If it has ended, start it again and open its new link.")).to_be_visible()


def test_the_link_shows_the_desktop_and_is_good_for_one_browser(context: BrowserContext, link: str) -> None:
    page = context.new_page()
    page.goto(link)
    page.wait_for_url("**/casa-desktop/")
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    canvas = page.locator("canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate("canvas => canvas.width") > 300
    # The page comes back by its cookie, and nobody else by the link.
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    assert context.browser is not None
    stranger = context.browser.new_context()
    answer = stranger.new_page().goto(link)
    assert answer is not None
    assert answer.status == 403
    stranger.close()
