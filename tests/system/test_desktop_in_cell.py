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
    """JupyterLab and Notebook 7 with anywidget; no port of a kernel's can be reached from them."""
    python = other_jupyter.installed(place / "widgets", ["jupyterlab", "notebook", "anywidget"])
    share = python.parents[1] / "share" / "jupyter"
    (share / "labextensions").mkdir(parents=True)
    own = Path(sys.prefix, "share", "jupyter")
    (share / "lab").symlink_to(own / "lab")
    for name in ("anywidget", "@jupyter-widgets", "@jupyter-notebook"):
        (share / "labextensions" / name).symlink_to(own / "labextensions" / name)
    settings = place / "widgets-settings"
    (settings / "labconfig").mkdir(parents=True)
    (settings / "jupyter_server_config.json").write_text(
        json.dumps({"ServerApp": {"base_url": BASE, "jpserver_extensions": {"notebook": True}}})
    )
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


def in_jupyterlab(lab: Lab, *cells: str) -> Notebook:
    """Return a notebook with these cells, open in JupyterLab."""
    return lab.notebook(*cells, kernel="elsewhere")


def in_notebook_7(lab: Lab, *cells: str) -> Notebook:
    """Return a notebook with these cells, open in Notebook 7."""
    path = lab.write_notebook(*cells, kernel="elsewhere")
    # The page says "idle" from the start, also while there is no kernel yet.
    with lab.page.expect_websocket(lambda socket: "/api/kernels/" in socket.url, timeout=60_000):
        lab.page.goto(f"{lab.jupyter.url}notebooks/{path}?token={lab.jupyter.token}")
    expect(lab.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=60_000)
    return Notebook(lab.page)


@pytest.mark.parametrize("opened", [in_jupyterlab, in_notebook_7])
def test_a_mask_is_drawn_in_the_output_of_a_cell_while_another_one_runs(
    lab: Lab, screen: Callable[[], Screen], opened: Callable[..., Notebook]
) -> None:
    notebook = opened(lab, SHOW, f"NAME = {opened.__name__!r}", CLEAN, READ)
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
    _save(lab)
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


def test_of_two_pages_the_one_whose_size_changed_last_has_the_desktop_s_size(
    lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = in_jupyterlab(lab, SHOW)
    notebook.run(0)
    canvas, desktop = shown(notebook, 0), screen()
    canvas.wait_for_size_of(desktop)
    _save(lab)
    page = lab.page.context.new_page()
    page.set_viewport_size({"width": 1000, "height": 900})
    page.goto(f"{lab.jupyter.url}lab/workspaces/second/tree/{_path(lab)}?token={lab.jupyter.token}")
    second = Notebook(page)
    second.wait_until_idle()
    other = shown(second, 0)
    other.wait_for_size_of(desktop)
    # Views that both insisted would change it with each message.
    sizes = {desktop.size() for _ in range(2000)}
    assert len(sizes) == 1
    lab.page.bring_to_front()
    lab.page.set_viewport_size({"width": 1100, "height": 900})
    desktop.wait_until(lambda: desktop.size() not in sizes, "other size of the desktop")
    canvas.wait_for_size_of(desktop)
    # The other one shows all of it still.
    shown(second, 0)
    page.close()


def test_a_notebook_that_is_opened_again_says_what_was_shown_and_shows_no_desktop(lab: Lab) -> None:
    notebook = in_jupyterlab(lab, SHOW, "1 + 1")
    notebook.run(0)
    shown(notebook, 0)
    _save(lab)
    saved = lab.jupyter.root / _path(lab)
    # While its kernel runs; as somebody else's: JupyterLab trusts what this user has run, and no other notebook.
    foreign = saved.with_name("foreign.ipynb")
    foreign.write_text(saved.read_text().replace("1 + 1", "1 + 2"))
    lab.open(foreign.name)
    _says_so(Notebook(lab.page), "was shown here: run the cell again")
    # With another kernel.
    lab.jupyter.end_kernels()
    lab.open(saved.name)
    _says_so(Notebook(lab.page), "as long as this kernel runs. Afterwards, run the cell again")


def _says_so(notebook: Notebook, sentence: str) -> None:
    notebook.wait_until_idle()
    expect(notebook.cell(0).locator(".jp-OutputArea-output", has_text=sentence)).to_be_visible()
    # What widgets there are was restored before the kernel was said to be idle.
    expect(notebook.page.locator("canvas")).to_have_count(0)
    notebook.run(0)
    shown(notebook, 0)


def _save(lab: Lab) -> None:
    lab.page.keyboard.press("Control+s")
    expect(lab.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)


def _path(lab: Lab) -> str:
    """Return the path of the notebook that the page shows."""
    return lab.page.url.split("/tree/")[1].split("?")[0]
