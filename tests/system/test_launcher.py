"""The way in from JupyterLab's launcher."""

from __future__ import annotations

from typing import Callable

from playwright.sync_api import expect

from ..support.lab import Lab, colours
from ..support.screen import Screen


def test_launcher_card_opens_the_desktop_and_its_canvas_is_not_blank(lab: Lab, screen: Callable[[], Screen]) -> None:
    lab.open()
    lab.page.get_by_role("button", name="CASA Desktop", exact=True).click()
    canvas = lab.desktop()
    canvas.wait_for_size_of(screen())
    # The task bar, its clock and its menu button are many colours.
    lab.page.wait_for_function(_IS_PAINTED, arg=None)
    assert colours(canvas.pixels()) > 20


def test_the_desktop_starts_while_its_tab_is_laid_out(lab: Lab) -> None:
    lab.page.add_init_script(_NOTE_TABS_AT_START)
    lab.open()
    lab.page.get_by_role("button", name="CASA Desktop", exact=True).click()
    lab.desktop()
    assert lab.page.evaluate("tabsAtStart") == [0]


def test_launcher_offers_the_casa_kernel(lab: Lab) -> None:
    lab.open()
    expect(lab.page.locator(".jp-LauncherCard[data-category=Notebook]", has_text="CASA")).to_be_visible()


# How many tabs with desktops there are whenever one is asked for.
_NOTE_TABS_AT_START = """
    window.tabsAtStart = [];
    const { fetch } = window;
    window.fetch = (what, ...more) => {
        if (what.method === 'POST' && what.url.includes('casa-desktop/api/')) {
            window.tabsAtStart.push(document.querySelectorAll('.casa-desktop-Widget').length);
        }
        return fetch(what, ...more);
    };
"""

_IS_PAINTED = """() => {
    const canvas = document.querySelector('#casa-desktop-main canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(data.buffer)).size > 20;
}"""
