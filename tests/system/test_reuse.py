"""A result that is used again, as a browser shows it."""

from __future__ import annotations

import shutil

import nbformat
from playwright.sync_api import Locator, expect

from ..support.lab import Lab

CELLS = (
    "result = split('sim.ms', 'part.ms', datacolumn='data')",
    "plotants('sim.ms')",
    "%casa_reuse why",
)


def switch(lab: Lab) -> Locator:
    return lab.page.locator(".jp-NotebookPanel-toolbar").get_by_role("switch", name="Reuse results of CASA tasks")


def test_the_toolbar_s_switch_shows_and_sets_whether_results_are_reused(lab: Lab) -> None:
    notebook = lab.notebook("%casa_reuse on", "%casa_reuse off")
    notebook.wait_until_idle()
    expect(switch(lab)).to_have_attribute("aria-checked", "false")
    switch(lab).click()
    expect(switch(lab)).to_have_attribute("aria-checked", "true")
    expect(switch(lab)).to_have_text("reuse on")
    notebook.run(1)
    expect(switch(lab)).to_have_attribute("aria-checked", "false")
    notebook.run(0)
    expect(switch(lab)).to_have_attribute("aria-checked", "true")


def test_a_cell_that_is_run_again_gives_what_it_gave_before(lab: Lab) -> None:
    shutil.rmtree(lab.jupyter.root / "part.ms", ignore_errors=True)
    notebook = lab.notebook(*CELLS, casa={"reuse": True})
    notebook.run(0)
    line = notebook.cell(0).locator(".casa-desktop-Reuse")
    expect(line).to_have_count(0)
    notebook.run(0)
    expect(line).to_contain_text("split: nothing to do. part.ms is what this call made on")
    answer = line.locator(".casa-desktop-Reuse-why")
    expect(answer).to_be_hidden()
    line.get_by_role("button", name="why").click()
    expect(answer).to_contain_text("the contents of sim.ms")
    # The log of then unfolds.
    log = line.locator(".casa-desktop-Log")
    log.get_by_role("button").first.click()
    expect(log).to_contain_text("Begin Task: split")
    assert "did not run" in notebook.run(2)


def test_its_button_runs_the_cell_and_the_call_again(lab: Lab) -> None:
    notebook = lab.notebook("result = visstat('sim.ms', axis='amp', datacolumn='data')", CELLS[2], casa={"reuse": True})
    notebook.run(0)
    notebook.run(0)
    line = notebook.cell(0).locator(".casa-desktop-Reuse")
    expect(line).to_contain_text("visstat: nothing to do. This is what the same call returned on")
    line.get_by_role("button", name="run again").click()
    expect(line).to_have_count(0)
    notebook.wait_until_idle()
    assert "visstat in cell" in notebook.run(1)
    # What it gave now took the former one's place.
    notebook.run(0)
    expect(line).to_contain_text("nothing to do")


def test_a_picture_comes_back_with_the_result(lab: Lab) -> None:
    notebook = lab.notebook(*CELLS, casa={"reuse": True})
    notebook.run(1)
    first = notebook.picture(1)
    notebook.run(1)
    expect(notebook.cell(1).locator(".casa-desktop-Reuse")).to_contain_text("plotants: nothing to do")
    assert (notebook.picture(1) == first).all()


def test_the_notebook_keeps_the_switch(lab: Lab) -> None:
    notebook = lab.notebook("%casa_reuse on", "%casa_reuse", casa={"mine": 1})
    notebook.run(0)
    lab.page.keyboard.press("Control+s")
    name = lab.page.url.rpartition("/")[2].partition("?")[0]
    expect(lab.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
    assert nbformat.read(lab.jupyter.root / name, as_version=4).metadata["casa"] == {"mine": 1, "reuse": True}
    lab.jupyter.end_kernels()
    lab.reload()
    notebook.wait_until_idle()
    assert notebook.run(1).startswith("on")
