"""What the image is for: JupyterLab with CASA's tasks, their pictures and their windows, in a real browser."""

from __future__ import annotations

import json
import secrets
from typing import Callable

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from ..support.in_container import ContainedJupyter
from ..support.lab import Lab, colours
from ..support.mask_editor import TITLE, MaskEditor, peak
from ..support.screen import Screen

pytestmark = pytest.mark.container

NOTEBOOK = "first-light.ipynb"
CLEAN = """
result = tclean(vis="sim.ms", imagename=NAME, imsize=128, cell="0.4arcsec", specmode="mfs",
                niter=40, cycleniter=20, interactive=True)
print("iterations:", result["iterdone"])
"""
READ = """
import json
ia.open(NAME + ".mask")
drawn = ia.getchunk()[:, :, 0, 0].nonzero()
ia.close()
print("mask:", json.dumps([axis.tolist() for axis in drawn]))
"""

# The libraries of the tools that nothing seems to use are not in the image: each must still draw its window.
TASKS = {
    "casaplotms": "plotms(vis='sim.ms', gui=True)",
    "casalogger": "casalogger(gui=True)",
    "casatablebrowser": "browsetable('sim.ms')",
    "casafeather": "casafeather()",
    "casaplotserver": "flagdata(vis='sim.ms', mode='summary', display='data')",
}


def test_the_demo_notebook_opens_with_the_kernel_of_the_image(lab: Lab, jupyter: ContainedJupyter) -> None:
    cells = nbformat.read(jupyter.root / NOTEBOOK, as_version=4).cells
    lab.open(NOTEBOOK)
    expect(lab.page.locator(".jp-NotebookPanel-toolbar")).to_contain_text("CASA 6.7")
    assert "First light" in cells[0].source


def test_viewer_puts_a_picture_of_the_image_in_the_cell(lab: Lab, jupyter: ContainedJupyter) -> None:
    notebook = lab.notebook('viewer("dirty.image")')
    notebook.run(0)
    assert peak(notebook.picture(0)) > 150, "the source in the middle is not bright"
    assert jupyter.run("casa-desktop", "status", "--json").strip() == "[]", "a picture needs no desktop"


def test_a_live_viewer_is_seen_in_the_browser(lab: Lab, screen: Callable[[], Screen]) -> None:
    notebook = lab.notebook('viewer("dirty.image", gui=True)')
    notebook.run(0)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    window = desktop.wait_for_window(TITLE)
    desktop.wait_until(lambda: colours(window.cut(desktop.pixels())) > 100, "image in the window")
    desktop.wait_until_still()
    lab.page.wait_for_function(_COLOURS_OF, arg=[window.left, window.top, window.width, window.height])
    shown, sent = window.cut(canvas.pixels()).astype(int), window.cut(desktop.pixels()).astype(int)
    different = (np.abs(shown - sent).max(axis=2) > 16).mean()
    assert different < 0.02, f"{different:.1%} of the window's pixels in the browser are not those on the desktop"


def test_a_mask_drawn_in_the_browser_is_the_mask_on_disk(lab: Lab, screen: Callable[[], Screen]) -> None:
    notebook = lab.notebook(f"NAME = 'clean-{secrets.token_hex(4)}'", CLEAN, READ)
    notebook.run(0)
    notebook.start(1)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    editor = MaskEditor.wait_for(desktop, canvas)
    corners = editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()
    assert "iterations: 40" in notebook.wait_until_finished(1)

    across, down = json.loads(notebook.run(2).split("mask:")[1])
    (left, top), (right, bottom) = (editor.frame.to_image(corner, 128) for corner in corners)
    # A corner is known to one pixel of the desktop, and falls into one of two pixels of the image.
    near = 1 + 128 / (editor.frame.right - editor.frame.left)
    assert [min(across), max(across)] == pytest.approx([left, right], abs=near)
    assert [min(down), max(down)] == pytest.approx([bottom, top], abs=near)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_each_native_tool_opens_its_window(lab: Lab, screen: Callable[[], Screen], task: str) -> None:
    lab.notebook(task).start(0)
    lab.desktop()
    desktop = screen()
    window = desktop.wait_for_window("")
    desktop.wait_until(lambda: colours(window.cut(desktop.pixels())) > 20, f"picture in the window {window.title!r}")


_COLOURS_OF = """([left, top, width, height]) => {
    const canvas = document.querySelector('#casa-desktop-main canvas');
    const data = canvas.getContext('2d').getImageData(left, top, width, height).data;
    return new Set(new Uint32Array(data.buffer)).size > 50;
}"""
