"""The pictures of README and docs, taken of the real thing: ``make screenshots``. Not collected by ``make test``."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Callable

from PIL import Image
from playwright.sync_api import Browser, expect

from ..support.lab import Canvas, Lab, Notebook
from ..support.mask_editor import MaskEditor
from ..support.plotms import PlotMS
from ..support.screen import RIGHT, Screen

DOCS = Path(__file__).parents[2] / "docs"
DEMO = Path(__file__).parents[2] / "casa_desktop" / "demo" / "first-light.ipynb"
SIZE = {"width": 1720, "height": 960}
CLEANED = "'sim.ms', imagename='first', imsize=128,\n       cell='0.4arcsec', niter=200, cycleniter=20"
# A notebook that is run as a job; its first cell sets the parameters.
REDUCTION = (
    "vis = 'sim.ms'\nrobust = 0.5\nniter = 200",
    "name = vis.replace('.ms', '-clean')\n_ = tclean(vis, imagename=name, imsize=128, cell='0.4arcsec',\n"
    "           weighting='briggs', robust=robust, niter=niter)",
    "viewer(name + '.image')",
)
# Of the demo's code cells: what draws headless, what opens windows, and the one that waits for a mask.
HEADLESS, LIVE, CLEANING = (0, 3, 4), (5, 6), 8


def test_take_the_notebook_beside_the_mask_editor(lab: Lab, screen: Callable[[], Screen]) -> None:
    lab.page.set_viewport_size(SIZE)
    notebook = _demo(lab)
    for number in (*HEADLESS, *LIVE):
        notebook.run(number)
    notebook.start(CLEANING)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    editor = MaskEditor.wait_for(desktop, canvas)
    editor.hand.drag(editor.frame.at(0.40, 0.62), editor.frame.at(0.58, 0.38), RIGHT)
    notebook.cell(HEADLESS[-1]).scroll_into_view_if_needed()
    desktop.wait_until_still()
    lab.page.screenshot(path=DOCS / "screenshot.png")
    notebook.interrupt()
    notebook.wait_until_finished(CLEANING)


def test_take_the_page_in_the_dark(browser: Browser, lab: Lab, screen: Callable[[], Screen]) -> None:
    lab.notebook('viewer("dirty.image", gui=True)').run(0)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{lab.jupyter.url}casa-desktop/?token={lab.jupyter.token}")
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    page.get_by_role("button", name="Take control of the size").click()
    desktop = screen()
    canvas = Canvas(page, page.locator(".casa-desktop-Screen canvas"))
    canvas.wait_for_size_of(desktop)
    desktop.wait_until_still()
    page.screenshot(path=DOCS / "page-dark.png")
    context.close()


def test_take_results_that_are_reused(lab: Lab) -> None:
    lab.page.set_viewport_size({"width": 1280, "height": 1260})
    shutil.rmtree(lab.jupyter.root / "cal.ms", ignore_errors=True)
    cells = ("split('sim.ms', 'cal.ms', datacolumn='data')", "plotants('sim.ms')")
    notebook = lab.notebook(*cells, casa={"reuse": True})
    for number in (0, 1, 0, 1):
        notebook.run(number)
    line = notebook.cell(0).locator(".casa-desktop-Reuse")
    line.get_by_role("button", name="why").click()
    line.locator(".casa-desktop-Log").get_by_role("button").first.click()
    expect(line.locator(".casa-desktop-Log")).to_contain_text("Begin Task: split")
    notebook.cell(0).scroll_into_view_if_needed()
    lab.page.locator(".jp-NotebookPanel").screenshot(path=DOCS / "reuse.png")


def test_take_a_cleaning_whose_masks_are_kept(lab: Lab, screen: Callable[[], Screen]) -> None:
    for images in lab.jupyter.root.glob("first*"):
        shutil.rmtree(images)
    notebook = _beside_a_desktop(lab, f"tclean({CLEANED},\n       interactive=True)")
    notebook.start(0)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    editor = MaskEditor.wait_for(desktop, canvas)
    for box in (((0.40, 0.62), (0.58, 0.38)), ((0.30, 0.66), (0.39, 0.52))):
        editor.draw(*box)
        editor.clean_one_cycle()
    editor.clean_one_cycle()
    desktop.wait_until_still()
    _keep(lab, "replay-clean.png")
    editor.stop()
    notebook.wait_until_finished(0)


def test_take_flaggings_that_are_kept(lab: Lab, screen: Callable[[], Screen]) -> None:
    shutil.rmtree(lab.jupyter.root / "hand.ms", ignore_errors=True)
    shutil.rmtree(lab.jupyter.root / "hand.ms.hand", ignore_errors=True)
    shutil.copytree(lab.jupyter.root / "sim.ms", lab.jupyter.root / "hand.ms")
    notebook = _beside_a_desktop(lab, "plotms('hand.ms', gui=True)", "%casa_hand undo", "%casa_hand")
    notebook.run(0)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    window = PlotMS(desktop)
    expect(notebook.cell(0).get_by_text("Flaggings in this window are kept")).to_be_visible()
    for number, box in enumerate((((0.1, 0.6), (0.5, 0.95)), ((0.05, 0.05), (0.3, 0.35))), start=1):
        window.flag(*box)
        expect(notebook.cell(0).get_by_text(f"kept in hand.ms.hand/000{number}")).to_be_visible()
    for number in (1, 2):
        notebook.run(number)
    notebook.cell(0).scroll_into_view_if_needed()
    desktop.wait_until_still()
    _keep(lab, "replay-flags.png")


def test_take_a_run_in_the_background(lab: Lab) -> None:
    lab.page.set_viewport_size({"width": 1280, "height": 800})
    name = lab.write_notebook(*REDUCTION)
    path = lab.jupyter.root / "reduce.ipynb"
    (lab.jupyter.root / name).rename(path)
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["metadata"] = {"tags": ["parameters"]}
    path.write_text(json.dumps(notebook))
    lab.open(path.name)
    Notebook(lab.page).wait_until_idle()
    lab.page.get_by_role("button", name="Run in the background…").click()
    form = lab.page.locator(".casa-desktop-RunForm")
    form.get_by_label("robust").fill("-0.5")
    _keep(lab, "batch-dialog.png")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.page.locator(".jp-SideBar .lm-TabBar-tab[data-id='jp-running-sessions']").click()
    told = lab.page.locator(".Toastify__toast", has_text="is done")
    expect(told).to_be_visible(timeout=200_000)
    told.get_by_role("button", name="Open the output").click()
    output = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    picture = output.locator(".jp-OutputArea-output img")
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    Notebook(lab.page).wait_until_idle()
    _keep(lab, "batch-output.png")
    for job in lab.jupyter.ask("casa-desktop/api/jobs")["jobs"]:
        lab.jupyter.ask(f"casa-desktop/api/jobs/{job['id']}", "DELETE")


def _beside_a_desktop(lab: Lab, *cells: str) -> Notebook:
    """Open a notebook, with room for a desktop beside it."""
    lab.page.set_viewport_size({"width": 1400, "height": 860})
    notebook = lab.notebook(*cells)
    # Where files are listed otherwise.
    lab.page.keyboard.press("Control+b")
    expect(lab.page.locator("#filebrowser")).to_be_hidden()
    return notebook


def _keep(lab: Lab, name: str) -> None:
    """Keep a picture of the page in few bytes."""
    with Image.open(io.BytesIO(lab.page.screenshot())) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(DOCS / name, optimize=True)


def _demo(lab: Lab) -> Notebook:
    shutil.copy(DEMO, lab.jupyter.root)
    lab.open(DEMO.name)
    notebook = Notebook(lab.page)
    notebook.wait_until_idle()
    return notebook
