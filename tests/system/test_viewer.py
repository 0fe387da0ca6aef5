"""``viewer`` in a notebook: a picture in the cell, or a window on the desktop."""

from __future__ import annotations

from typing import Callable

import numpy as np
from playwright.sync_api import expect

from ..support.lab import Lab, colours
from ..support.mask_editor import TITLE, peak
from ..support.screen import Screen


def test_viewer_puts_a_picture_of_the_image_in_the_cell(lab: Lab, desktop: Callable[..., str]) -> None:
    notebook = lab.notebook('viewer("dirty.image")')
    notebook.run(0)
    assert peak(notebook.picture(0)) > 150, "the source in the middle is not bright"
    # For those who do not see it.
    expect(notebook.cell(0).locator(".jp-RenderedImage img")).to_have_attribute("alt", "viewer(infile='dirty.image')")
    assert desktop("status", "--json").strip() == "[]", "a picture needs no desktop"


def test_live_viewer_opens_its_window_on_the_desktop_which_comes_to_the_front(
    lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = lab.notebook('viewer("dirty.image", gui=True)')
    notebook.run(0)
    canvas = lab.desktop()
    expect(lab.page.locator(".lm-TabBar-tab.lm-mod-current", has_text="CASA Desktop")).to_be_visible()
    expect(notebook.cell(0)).to_be_visible()

    desktop = screen()
    canvas.wait_for_size_of(desktop)
    window = desktop.wait_for_window(TITLE)
    assert window.width > 600
    assert window.height > 500
    desktop.wait_until(lambda: colours(window.cut(desktop.pixels())) > 100, "image in the window")
    lab.page.wait_for_function(_COLOURS_OF, arg=[window.left, window.top, window.width, window.height])
    shown, sent = window.cut(canvas.pixels()).astype(int), window.cut(desktop.pixels()).astype(int)
    assert colours(shown) > 50
    different = (np.abs(shown - sent).max(axis=2) > 16).mean()
    assert different < 0.02, f"{different:.1%} of the window's pixels in the browser are not those on the desktop"


def test_second_live_viewer_reuses_the_open_tab(lab: Lab) -> None:
    notebook = lab.notebook('viewer("dirty.image", gui=True)', 'viewer("dirty.image", gui=True)')
    notebook.run(0)
    lab.desktop()
    notebook.run(1)
    lab.desktop()
    expect(lab.page.locator(".lm-TabBar-tab", has_text="CASA Desktop")).to_have_count(1)


_COLOURS_OF = """([left, top, width, height]) => {
    const canvas = document.querySelector('#casa-desktop-main canvas');
    const data = canvas.getContext('2d').getImageData(left, top, width, height).data;
    return new Set(new Uint32Array(data.buffer)).size > 50;
}"""
