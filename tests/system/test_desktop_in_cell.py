"""The desktop in a cell's output, in a JupyterLab that has anywidget and no casa-desktop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from playwright.sync_api import expect

from ..support import other_jupyter
from ..support.lab import Canvas, Jupyter, Lab, Notebook
from ..support.mask_editor import MaskEditor
from ..support.screen import Screen
from .test_foreign_jupyter import BASE, ForeignJupyter, without_desktops
from .test_interactive_tclean import CLEAN, READ, SIZE
from .test_modes import restart

SHOW = "%casa_desktop --cell"
# It ends once no view of the desktop is left.
UNWATCHED = """\
from casa_desktop.desktop import registry, usage
while usage.is_watched(registry.running("main")):
    pass
"""


@pytest.fixture(scope="module")
def jupyter(place: Path, environment: Dict[str, str], observation: Path) -> Iterator[Jupyter]:
    """A JupyterLab with anywidget; no port of a kernel's can be reached from it."""
    python = other_jupyter.installed(place / "widgets", ["jupyterlab", "anywidget"])
    share = python.parents[1] / "share" / "jupyter"
    (share / "labextensions").mkdir(parents=True)
    own = Path(sys.prefix, "share", "jupyter")
    (share / "lab").symlink_to(own / "lab")
    for name in ("anywidget", "@jupyter-widgets"):
        (share / "labextensions" / name).symlink_to(own / "labextensions" / name)
    settings = place / "widgets-settings"
    (settings / "labconfig").mkdir(parents=True)
    (settings / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"base_url": BASE}}))
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "labconfig" / "page_config.json").write_text(json.dumps(quiet))
    data = settings / "data"
    install = [sys.executable, "-m", "casa_desktop", "kernel", "install", "--name", "elsewhere"]
    subprocess.run(install, env={**environment, "JUPYTER_DATA_DIR": str(data)}, check=True, stdout=subprocess.DEVNULL)
    variables = other_jupyter.environment(without_desktops(environment), python, data)
    with ForeignJupyter(python, observation, {**variables, "JUPYTER_CONFIG_DIR": str(settings)}) as server:
        yield server


def shown(notebook: Notebook, number: int) -> Canvas:
    """Return the desktop's canvas in a cell's output, once it is connected."""
    view = notebook.cell(number).locator(".casa-desktop-View")
    expect(view).to_have_attribute("data-state", "connected")
    view.scroll_into_view_if_needed()
    return Canvas(notebook.page, view.locator("canvas"))


def test_a_mask_is_drawn_in_the_output_of_a_cell_while_another_one_runs(lab: Lab, screen: Callable[[], Screen]) -> None:
    notebook = lab.notebook(SHOW, 'NAME = "cell"', CLEAN, READ, kernel="elsewhere")
    notebook.run(0)
    canvas, desktop = shown(notebook, 0), screen()
    canvas.wait_for_size_of(desktop)
    notebook.run(1)
    notebook.start(2)
    canvas.locator.scroll_into_view_if_needed()
    editor = MaskEditor.wait_for(desktop, canvas)
    corners = editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()
    assert "iterations: 40" in notebook.wait_until_finished(2)
    editor.wait_until_gone()
    assert editor.is_mask_of(notebook.run(3).split("mask:")[1], corners, SIZE)


def test_a_view_follows_the_life_of_its_output_its_page_and_its_desktop(lab: Lab, desktop: Callable[..., str]) -> None:
    notebook = lab.notebook(SHOW, UNWATCHED, kernel="elsewhere")
    notebook.run(0)
    shown(notebook, 0)

    # The page is loaded again: the widget's state comes from the kernel.
    lab.page.keyboard.press("Control+s")
    expect(lab.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
    lab.reload()
    shown(notebook, 0)

    # The cell is run again: one view, of the same desktop.
    notebook.run(0)
    shown(notebook, 0)
    expect(notebook.cell(0).locator("canvas")).to_have_count(1)

    # Of a desktop that was stopped, the view says so, and starts it again.
    desktop("stop")
    notice = notebook.cell(0).locator(".casa-desktop-View")
    expect(notice).to_have_attribute("data-state", "failed")
    notice.get_by_role("button", name="Start it again").click()
    shown(notebook, 0)

    # With the output, the view ends.
    notebook.cell(0).locator(".jp-OutputArea-output").first.click(button="right", position={"x": 2, "y": 2})
    lab.page.get_by_role("menuitem", name="Clear Cell Output").first.click()
    expect(notebook.cell(0).locator("canvas")).to_have_count(0)
    notebook.run(1)


def test_a_view_says_that_its_kernel_was_restarted(lab: Lab) -> None:
    notebook = lab.notebook(SHOW, kernel="elsewhere")
    notebook.run(0)
    shown(notebook, 0)
    restart(notebook)
    view = notebook.cell(0).locator(".casa-desktop-View")
    expect(view).to_contain_text("The kernel has ended. Run the cell again.")
    notebook.wait_until_idle()
    notebook.run(0)
    shown(notebook, 0)
