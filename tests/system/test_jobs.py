"""Notebooks that run without hands, in JupyterLab: in the Running panel, and started from a notebook's toolbar."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict, Iterator

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from ..support import slurm as real_slurm
from ..support.jobs import ENDLESS, PATIENCE, Begun
from ..support.jobs import script as write_script
from ..support.lab import Jupyter, Lab, Notebook

# A job starts a kernel of its own, beside that of the notebook.
JOB_MS = PATIENCE * 1000


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    """The folder that the server shows."""
    folder = place / "jobs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def jupyter(environment: Dict[str, str], place: Path, work: Path) -> Iterator[Jupyter]:
    """A JupyterLab whose jobs are its own, beside a Slurm; none is left."""
    variables = {**environment, "XDG_DATA_HOME": str(work / ".data")}
    with real_slurm.started(place / "lab-slurm") as slurm, Jupyter(work, {**variables, **slurm.environment}) as server:
        yield server
        for job in server.ask("casa-desktop/api/jobs")["jobs"]:
            server.ask(f"casa-desktop/api/jobs/{job['id']}", "DELETE")


def _items(page: Page) -> Locator:
    """Open the Running panel, and return the jobs in it."""
    if not page.locator(".jp-RunningSessions").is_visible():
        page.locator(".jp-SideBar .lm-TabBar-tab[data-id='jp-running-sessions']").click()
    return page.locator(".casa-desktop-JobItem")


def _with_parameters(lab: Lab, work: Path, *cells: str) -> Notebook:
    """Open a notebook whose first cell sets its parameters."""
    notebook = lab.notebook(*cells)
    path = max(work.glob("test-*.ipynb"), key=lambda each: each.stat().st_mtime)
    text = json.loads(path.read_text())
    text["cells"][0]["metadata"] = {"tags": ["parameters"]}
    path.write_text(json.dumps(text))
    lab.reload()
    notebook.wait_until_idle()
    return notebook


def _dialog(lab: Lab) -> Locator:
    """Press the toolbar's button, and return the form."""
    lab.page.get_by_role("button", name="Run in the background…").click()
    return lab.page.locator(".casa-desktop-RunForm")


def _accept(lab: Lab) -> None:
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()


def _keep_notices(page: Page) -> None:
    """Keep the texts of all notices that are shown from now on, because some go by themselves."""
    page.evaluate(
        """() => {
            window.notices = new Set();
            const look = () => document.querySelectorAll(".Toastify__toast").forEach(
                each => window.notices.add(each.textContent));
            new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
        }"""
    )


def _wait_for_notice(page: Page, words: str) -> None:
    page.wait_for_function("words => [...window.notices].some(each => each.includes(words))", arg=words, timeout=JOB_MS)


def _menu(item: Locator, command: str) -> Locator:
    item.click(button="right")
    return item.page.locator(f".lm-Menu-item[data-command='casa-desktop:job-{command}']")


def _keeps(response: Response, name: str) -> bool:
    """Return whether an answer is that to JupyterLab's request to keep the layout, with a file in it."""
    asked = response.request
    return asked.method == "PUT" and "/api/workspaces/" in asked.url and name in (asked.post_data or "")


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
    notebook = _with_parameters(lab, work, "vis = 'a.ms'\nrobust = 0.5", "print(vis, robust)")
    notebook.cell(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.type("\nprint('typed just now')")
    form = _dialog(lab)
    expect(form.get_by_label("vis")).to_have_value("a.ms")
    form.get_by_label("vis").fill("my.ms")
    form.get_by_label("robust").fill("high")
    # The form is longer than this.
    size = lab.page.viewport_size
    assert size is not None
    lab.page.set_viewport_size({**size, "height": 320})
    _accept(lab)
    expect(form.get_by_role("alert")).to_contain_text("should be a number")
    expect(form.get_by_role("alert")).to_be_in_viewport(ratio=1)
    lab.page.set_viewport_size(size)
    expect(form.get_by_label("vis")).to_have_value("my.ms")
    form.get_by_label("robust").fill("2")
    _keep_notices(lab.page)
    _accept(lab)
    _wait_for_notice(lab.page, "has begun")
    expect(_items(lab.page)).to_have_count(1)
    told = lab.page.locator(".Toastify__toast", has_text="is done")
    expect(told).to_be_visible(timeout=JOB_MS)
    told.get_by_role("button", name="Open the output").click()
    output = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    expect(output.locator(".jp-OutputArea-output", has_text="typed just now")).to_contain_text("my.ms 2")
    _menu(_items(lab.page), "remove").click()
    lab.page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(_items(lab.page)).to_have_count(0)


def test_a_list_is_run_on_slurm_and_its_outputs_are_read_from_elsewhere(lab: Lab, work: Path) -> None:
    data = ("a.ms", "b.ms")
    (work / "list.txt").write_text("\n".join(data))
    for each in data:
        os.mkfifo(work / f"go-{each}")
    _with_parameters(lab, work, "vis = 'test.ms'", "print('reduced', vis)", "print(open(f'go-{vis}').read())")
    form = _dialog(lab)
    form.get_by_label("vis").fill("@list.txt")
    form.get_by_label("Where").select_option("Slurm")
    form.get_by_label("Options for sbatch").fill("--time=60 --mem=1500M")
    expect(form.get_by_label("Output")).to_be_hidden()
    _keep_notices(lab.page)
    _accept(lab)
    _wait_for_notice(lab.page, "2 jobs, one for each value")
    expect(_items(lab.page)).to_have_count(2)
    jobs = lab.jupyter.ask("casa-desktop/api/jobs")["jobs"]
    assert [(job["engine"], job["parameters"]["vis"]) for job in jobs] == [("slurm", "a.ms"), ("slurm", "b.ms")]
    for job in jobs:
        asked = json.loads((Path(job["output"]).parent / "job.json").read_text())
        assert asked["options"] == ["--time=60", "--mem=1500M"]
    for job in jobs:
        item = _items(lab.page).filter(has_text=job["id"])
        expect(item).to_contain_text("cell 4 of 4", timeout=JOB_MS)
    name = f"{jobs[1]['id']}.ipynb"
    # JupyterLab keeps what is open some moments after it was opened.
    with lab.page.expect_response(lambda each: _keeps(each, name), timeout=JOB_MS):
        item.locator(".jp-RunningSessions-itemLabel").click()
        output = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(output.locator(".jp-OutputArea-output")).to_contain_text("reduced b.ms")
        expect(output).to_contain_text("No Kernel")
        expect(lab.page.get_by_role("button", name="Run in the background…").locator("visible=true")).to_have_count(0)
        for each in data:
            (work / f"go-{each}").write_text("gone on")
        _wait_for_notice(lab.page, "is done: 2 jobs.")
        item.locator(".jp-RunningSessions-itemLabel").click()
        expect(output.locator(".jp-OutputArea-output").last).to_contain_text("gone on")
    # It is there again, and JupyterLab does not look for it in its file browser.
    lab.reload()
    expect(output.locator(".jp-OutputArea-output").last).to_contain_text("gone on")
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)
    with lab.page.expect_download() as download:
        lab.page.locator(".lm-MenuBar-item", has_text="File").click()
        lab.page.locator(".lm-Menu-item[data-command='docmanager:download']").click()
    assert download.value.suggested_filename == name
    assert "gone on" in download.value.path().read_text()
    assert lab.jupyter.ask("api/sessions")[0]["path"].startswith("test-")
    assert len(lab.jupyter.ask("api/sessions")) == 1
