"""What CASA's notebooks have in JupyterLab: the mode's switch, a desktop of their own, pictures and files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from ..support.lab import Jupyter, Lab, Notebook, decode
from ..support.lab_parts import (
    canvas,
    mode_switch,
    names,
    run_command,
    state_button,
    view,
    wait_for_state,
)

SETTINGS = ("lab", "user-settings", "casa-desktop-labextension", "plugin.jupyterlab-settings")
OPEN = "get_ipython().kernel._front.open_desktop({!r})"


@pytest.fixture
def settings(environment: Dict[str, str]) -> Iterator[Path]:
    """The file with the user's settings, which is removed afterwards."""
    path = Path(environment["JUPYTER_CONFIG_DIR"], *SETTINGS)
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def test_switch_sets_the_kernel_s_mode(lab: Lab) -> None:
    notebook = lab.notebook("%casa_mode")
    expect(mode_switch(lab.page)).to_have_value("headless")
    mode_switch(lab.page).select_option("live")
    assert notebook.run(0).startswith("live (")


def test_switch_follows_the_magic_and_tells_tasks_that_differ(lab: Lab) -> None:
    notebook = lab.notebook("%casa_mode auto\n%casa_mode live plotms imview", "%casa_mode", "%casa_mode headless")
    notebook.run(0)
    expect(mode_switch(lab.page).locator("option:checked")).to_have_text("auto +2")
    expect(mode_switch(lab.page)).to_have_attribute("title", re.compile("plotms: live"))
    # Set there, it keeps what single tasks have.
    mode_switch(lab.page).select_option("headless")
    assert re.search(r"headless \(.*\nlive: plotms\nlive: imview", notebook.run(1))
    notebook.run(2)
    expect(mode_switch(lab.page).locator("option:checked")).to_have_text("headless")


def test_mode_set_while_a_cell_runs_is_pending_until_it_ends(lab: Lab) -> None:
    notebook = lab.notebook("input()", "%casa_mode")
    notebook.start(0)
    asked = notebook.cell(0).locator(".jp-Stdin-input")
    expect(asked).to_be_visible()
    switch = mode_switch(lab.page)
    switch.select_option("live")
    expect(switch).to_have_attribute("aria-busy", "true")
    expect(switch).to_have_value("live")
    asked.press("Enter")
    expect(switch).to_have_attribute("aria-busy", "false")
    assert notebook.run(1).startswith("live (")


def test_switch_is_where_casa_s_kernel_is_alone(lab: Lab) -> None:
    lab.notebook("1", kernel="python3")
    expect(
        lab.page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:run-cell-and-select-next']")
    ).to_have_count(1)
    expect(mode_switch(lab.page)).to_be_hidden()
    expect(state_button(lab.page)).to_have_count(0)


def test_switch_and_button_are_worked_by_keys_alone(lab: Lab) -> None:
    notebook = lab.notebook("%casa_mode")
    # JupyterLab's toolbars are one stop of the Tab key; the arrows go on from there.
    lab.page.locator(".jp-NotebookPanel-toolbar [tabindex='0']").first.focus()
    walk_to(mode_switch(lab.page))
    expect(mode_switch(lab.page)).to_have_value("headless")
    lab.page.keyboard.press("l")
    expect(mode_switch(lab.page)).to_have_value("live")
    walk_to(state_button(lab.page))
    expect(mode_switch(lab.page)).to_have_value("live")
    lab.page.keyboard.press("Enter")
    wait_for_state(lab.page, "connected")
    assert notebook.run(0).startswith("live (")


def walk_to(target: Locator) -> None:
    """Press the right arrow until the focus is there."""
    for _ in range(20):
        if target.evaluate("node => node === document.activeElement"):
            break
        target.page.keyboard.press("ArrowRight")
    expect(target).to_be_focused()


def test_button_tells_the_desktop_s_state_and_opens_it_beside_the_notebook(lab: Lab) -> None:
    notebook = lab.notebook("1", "%casa_desktop m31")
    button = state_button(lab.page)
    expect(button).to_have_text("stopped")
    button.click()
    lab.desktop()
    expect(button).to_have_text("shown")
    expect(notebook.cell(0)).to_be_visible()
    lab.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="CASA Desktop").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    expect(button).to_have_text("running")
    notebook.run(1)
    expect(state_button(lab.page, "m31")).to_have_text("m31: stopped")


def test_snapshot_goes_into_the_active_cell(lab: Lab) -> None:
    notebook = lab.notebook("1", "2")
    state_button(lab.page).click()
    lab.desktop()
    notebook.cell(1).locator(".cm-content").click()
    view(lab.page).get_by_role("button", name=re.compile("[Ss]napshot")).click()
    view(lab.page).get_by_role("button", name=re.compile("notebook|cell")).click()
    expect(lab.page.get_by_text(re.compile(r"cell 2 of test-\w+\.ipynb")).first).to_be_visible()
    expect(notebook.cell(0).locator("img")).to_have_count(0)
    assert notebook.picture(1).shape[0] > 100
    expect(notebook.cell(1).locator("img")).to_have_attribute("alt", re.compile("^The CASA Desktop"))


def test_snapshot_by_the_palette_is_downloaded_where_there_is_no_code_cell(lab: Lab, tmp_path: Path) -> None:
    notebook = lab.notebook("1")
    state_button(lab.page).click()
    lab.desktop()
    run_command(lab.page, "CASA Desktop: Snapshot into the Notebook")
    expect(notebook.cell(0).locator("img")).to_have_count(1)
    lab.page.locator(".jp-NotebookPanel-toolbar .jp-Notebook-toolbarCellTypeDropdown select").select_option("markdown")
    with lab.page.expect_download() as saved:
        run_command(lab.page, "CASA Desktop: Snapshot into the Notebook")
    assert saved.value.suggested_filename == "casa-desktop-main.png"
    saved.value.save_as(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.format == "PNG"


def test_settings_editor_has_ours_and_what_is_pinned_there_arrives(lab: Lab, settings: Path) -> None:
    lab.open()
    run_command(lab.page, "Settings Editor")
    lab.page.locator(".jp-PluginList-entry", has_text="CASA Desktop").click()
    form = lab.page.locator(".jp-SettingsForm, .jp-SettingsPanel").first
    expect(form.get_by_text("One desktop per notebook")).to_be_visible()
    with lab.page.expect_response(lambda answer: "/api/settings/casa-desktop" in answer.url):
        form.locator("select[id*=quality]").select_option(label="Low: for the slowest links")
    assert json.loads(re.sub(r"//.*", "", settings.read_text()))["quality"] == "low"
    run_command(lab.page, "CASA Desktop")
    canvas(lab.page)
    view(lab.page).get_by_role("button", name=re.compile("[Pp]icture|[Qq]uality")).first.click()
    expect(view(lab.page).get_by_role("radio", name=re.compile("Low"))).to_be_checked()
    # And what is chosen in the view is kept in the settings.
    with lab.page.expect_response(lambda answer: "/api/settings/casa-desktop" in answer.url):
        view(lab.page).get_by_role("radio", name=re.compile("Lossless")).check()
    assert json.loads(re.sub(r"//.*", "", settings.read_text()))["quality"] == "lossless"


def test_each_notebook_has_a_desktop_of_its_own_if_the_user_wants_it(lab: Lab, settings: Path) -> None:
    settings.write_text(json.dumps({"desktopPerNotebook": True}))
    notebook = lab.notebook("%casa_desktop")
    file = lab.page.url.rpartition("/")[2].partition("?")[0].removesuffix(".ipynb")
    own = re.search(rf"{file}-\w+", notebook.run(0))
    assert own
    state_button(lab.page, own[0]).click()
    wait_for_state(lab.page, "connected", own[0])
    assert names(lab.jupyter) == [own[0]]


def in_folder(jupyter: Jupyter, folder: str, cell: str) -> str:
    """Write a notebook with a cell into a folder, and return its path."""
    kernelspec = {"name": "casa", "display_name": "CASA", "language": "python"}
    notebook: Any = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    notebook.cells = [nbformat.v4.new_code_cell(cell)]
    (jupyter.root / folder).mkdir(exist_ok=True)
    nbformat.write(notebook, jupyter.root / folder / "reduction.ipynb")
    return f"{folder}/reduction.ipynb"


def test_files_go_into_the_folder_of_the_notebook_whose_kernel_asked(lab: Lab) -> None:
    lab.open(in_folder(lab.jupyter, "m31", OPEN.format("main")))
    notebook = Notebook(lab.page)
    notebook.wait_until_idle()
    notebook.start(0)
    lab.desktop()
    target = view(lab.page).locator(".casa-desktop-Body")
    drop = lab.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(['SIMPLE  =                    T'], 'dropped.fits'));
            return data;
        }"""
    )
    for event in ("dragenter", "dragover", "drop"):
        target.dispatch_event(event, {"dataTransfer": drop})
    expect(lab.page.get_by_text(re.compile(r"m31/dropped\.fits")).first).to_be_visible()
    assert (lab.jupyter.root / "m31" / "dropped.fits").read_text().startswith("SIMPLE")
    with lab.page.context.expect_page() as opened:
        view(lab.page).get_by_role("button", name="Move to a browser tab").click()
    assert opened.value.url.endswith("casa-desktop/main/?folder=m31")


def test_the_tab_takes_the_colours_of_the_dark_theme(lab: Lab, environment: Dict[str, str]) -> None:
    themes = Path(environment["JUPYTER_CONFIG_DIR"], "lab", "user-settings", "@jupyterlab", "apputils-extension")
    chosen = themes / "themes.jupyterlab-settings"
    chosen.write_text(json.dumps({"theme": "JupyterLab Dark"}))
    try:
        lab.notebook("1")
        state_button(lab.page).click()
        lab.desktop()
        tools = view(lab.page).get_by_role("toolbar")
        assert decode(tools.screenshot())[:3].mean() < 90
        bar = lab.page.locator(".jp-NotebookPanel-toolbar").first
        assert decode(bar.screenshot()).mean() < 90
    finally:
        chosen.unlink()
