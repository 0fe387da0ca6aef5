"""The same extension in Notebook 7, which has a browser tab for each document and none for desktops."""

from __future__ import annotations

from typing import Callable, List

import pytest
from playwright.sync_api import Page, expect

from ..support.lab import Lab, Notebook
from ..support.lab_parts import mode_switch, names, run_command, state_button
from .test_lab_notebooks import OPEN, in_folder

# Notebook 7.6 says so itself, without any extension; the second now and then.
KNOWN = ("reading 'schema'", "'filebrowser:open-path' not registered")


@pytest.fixture
def complaints(lab: Lab) -> List[str]:
    """What the browser complains of while the page is open: errors that are thrown, and modules that do not load."""
    found: List[str] = []
    lab.page.on("pageerror", lambda error: found.append(str(error)))
    lab.page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


def open_notebook(lab: Lab, cell: str) -> Page:
    """Open a notebook with one cell in Notebook 7, and wait until its kernel is there and idles."""
    path = in_folder(lab.jupyter, "seven", cell)
    lab.page.goto(f"{lab.jupyter.url}notebooks/{path}?token={lab.jupyter.token}")
    # The switch comes with the kernel. The indicator says "idle" from the start, also while there is no kernel yet, and
    # a cell that is run then may be dropped without a word (Notebook 7.6.5).
    expect(mode_switch(lab.page)).to_be_visible(timeout=60_000)
    expect(lab.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=60_000)
    return lab.page


def run(page: Page) -> str:
    """Run the cell, wait until it has run, and return its output's text."""
    return Notebook(page).run(0)


def test_nothing_fails_to_load(lab: Lab, complaints: List[str]) -> None:
    open_notebook(lab, "1")
    expect(mode_switch(lab.page)).to_be_visible()
    assert [each for each in complaints if not any(known in each for known in KNOWN)] == []


def test_switch_sets_and_shows_the_mode(lab: Lab) -> None:
    page = open_notebook(lab, "%casa_mode")
    mode_switch(page).select_option("auto")
    assert run(page).startswith("auto (")


def test_button_opens_the_desktop_s_page_with_the_notebook_s_folder(lab: Lab) -> None:
    page = open_notebook(lab, "1")
    expect(state_button(page)).to_have_text("stopped")
    with page.context.expect_page() as opened:
        state_button(page).click()
    expect(opened.value.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    assert opened.value.url.endswith("casa-desktop/main/?folder=seven")
    expect(state_button(page)).to_have_text("running")


def test_a_kernel_that_asks_leaves_its_link_and_opens_nothing(lab: Lab) -> None:
    page = open_notebook(lab, f"{OPEN.format('main')}\n_ = display('asked')")
    assert "asked" in run(page)
    assert len(page.context.pages) == 1


def test_running_tab_lists_opens_and_stops_desktops(lab: Lab, desktop: Callable[..., str]) -> None:
    desktop("start", "--name", "m31")
    lab.page.goto(f"{lab.jupyter.url}tree?token={lab.jupyter.token}")
    lab.page.get_by_role("tab", name="Running").click()
    item = lab.page.locator(".casa-desktop-RunningItem")
    expect(item).to_contain_text("m31")
    with lab.page.context.expect_page() as opened:
        item.locator(".jp-RunningSessions-itemLabel").click()
    expect(opened.value.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
    item.hover()
    item.locator(".jp-RunningSessions-itemShutdown").click()
    expect(item).to_have_count(0)
    assert names(lab.jupyter) == []


def test_palette_opens_a_desktop_by_name(lab: Lab) -> None:
    page = open_notebook(lab, "1")
    run_command(page, "Open Another CASA Desktop…")
    page.locator(".jp-Dialog input").fill("m31")
    with page.context.expect_page() as opened:
        page.locator(".jp-Dialog .jp-mod-accept").click()
    assert "/casa-desktop/m31/" in opened.value.url
    # A desktop that came later would be there in the next test.
    expect(opened.value.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)
