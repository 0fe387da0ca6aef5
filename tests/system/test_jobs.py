"""Notebooks that run without hands, in JupyterLab: in the Running panel, and started from a notebook's toolbar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from ..support.jobs import ENDLESS, PATIENCE, Begun
from ..support.jobs import script as write_script
from ..support.lab import Jupyter, Lab

# A job starts a kernel of its own, beside that of the notebook.
JOB_MS = PATIENCE * 1000


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    """The folder that the server shows."""
    folder = place / "jobs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def jupyter(environment: Dict[str, str], work: Path) -> Iterator[Jupyter]:
    """A JupyterLab whose jobs are its own; none is left."""
    with Jupyter(work, {**environment, "XDG_DATA_HOME": str(work / ".data")}) as server:
        yield server
        for job in server.ask("casa-desktop/api/jobs")["jobs"]:
            server.ask(f"casa-desktop/api/jobs/{job['id']}", "DELETE")


def _items(page: Page) -> Locator:
    """Open the Running panel, and return the jobs in it."""
    if not page.locator(".jp-RunningSessions").is_visible():
        page.locator(".jp-SideBar .lm-TabBar-tab[data-id='jp-running-sessions']").click()
    return page.locator(".casa-desktop-JobItem")


def _menu(item: Locator, command: str) -> Locator:
    item.click(button="right")
    return item.page.locator(f".lm-Menu-item[data-command='casa-desktop:job-{command}']")


def test_a_job_of_others_is_in_the_running_panel_with_its_progress_log_and_stop(lab: Lab, work: Path) -> None:
    write_script(work / "theirs", "reduce", "1", "1 + 1", ENDLESS)
    begun = Begun(work / "theirs")
    lab.open()
    expect(_items(lab.page)).to_have_count(0)
    lab.jupyter.ask("casa-desktop/api/jobs", "POST", {"notebook": "theirs/reduce.py"})
    begun.wait()
    # Nothing was pressed: the server has told of it.
    expect(_items(lab.page)).to_contain_text("cell 3 of 3", timeout=JOB_MS)
    _menu(_items(lab.page), "log").click()
    expect(lab.page.locator(".casa-desktop-JobLog")).to_contain_text("ell 3 of 3")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    _menu(_items(lab.page), "stop").click()
    expect(_items(lab.page)).to_contain_text("stopped in cell 3 of 3", timeout=JOB_MS)
    _menu(_items(lab.page), "remove").click()
    lab.page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(_items(lab.page)).to_have_count(0)


def test_a_notebook_is_saved_run_in_the_background_and_its_end_told(lab: Lab, work: Path) -> None:
    notebook = lab.notebook("vis = 'a.ms'\nrobust = 0.5", "print(vis, robust)")
    path = max(work.glob("test-*.ipynb"), key=lambda each: each.stat().st_mtime)
    text = json.loads(path.read_text())
    text["cells"][0]["metadata"] = {"tags": ["parameters"]}
    path.write_text(json.dumps(text))
    lab.reload()
    notebook.wait_until_idle()
    notebook.cell(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.type("\nprint('typed just now')")
    lab.page.get_by_role("button", name="Run in the background…").click()
    form = lab.page.locator(".casa-desktop-RunForm")
    expect(form.get_by_label("vis")).to_have_value("a.ms")
    form.get_by_label("vis").fill("my.ms")
    form.get_by_label("robust").fill("high")
    accept = lab.page.locator(".jp-Dialog .jp-mod-accept")
    accept.click()
    expect(form.get_by_role("alert")).to_contain_text("should be a number")
    expect(form.get_by_label("vis")).to_have_value("my.ms")
    form.get_by_label("robust").fill("2")
    accept.click()
    expect(_items(lab.page)).to_have_count(1)
    told = lab.page.locator(".Toastify__toast", has_text="is done")
    expect(told).to_be_visible(timeout=JOB_MS)
    told.get_by_role("button", name="Open the output").click()
    output = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(output.locator(".jp-OutputArea-output", has_text="typed just now")).to_contain_text("my.ms 2")
