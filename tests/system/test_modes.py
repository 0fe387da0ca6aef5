"""The modes that a notebook keeps, and what else a browser and its kernel tell each other."""

from __future__ import annotations

import re
from typing import Any, Dict

import nbformat
from playwright.sync_api import Browser, expect

from ..support.lab import Jupyter, Lab, Notebook

PLOTMS_LIVE = {"default": "auto", "tasks": {"plotms": "live"}}
TOLD = re.compile(r"auto \(.*\nlive: plotms")


def saved(notebook: Notebook, jupyter: Jupyter) -> Dict[str, Any]:
    """Save the notebook; return the metadata in its file."""
    page = notebook.page
    page.keyboard.press("Control+s")
    tab = page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")
    expect(tab).not_to_have_class(re.compile("jp-mod-dirty"))
    name = tab.locator(".lm-TabBar-tabLabel").inner_text()
    return dict(nbformat.read(jupyter.root / name, as_version=4).metadata)


def restart(notebook: Notebook) -> None:
    """Press the toolbar's button that restarts the kernel, and confirm."""
    page = notebook.page
    page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:restart-kernel']").first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()


def test_modes_outlive_the_kernel_and_the_page(lab: Lab) -> None:
    notebook = lab.notebook("%casa_mode auto\n%casa_mode live plotms", "%casa_mode", casa={"mine": 1})
    notebook.run(0)
    assert saved(notebook, lab.jupyter)["casa"] == {"mine": 1, "modes": PLOTMS_LIVE}
    restart(notebook)
    # Not waited for: the modes are in force before the first cell, however soon that comes.
    assert TOLD.search(notebook.run(1))
    lab.jupyter.end_kernels()
    lab.reload()
    notebook.wait_until_idle()
    assert TOLD.search(notebook.run(1))


def test_a_page_that_comes_back_keeps_the_kernel_s_modes(lab: Lab) -> None:
    notebook = lab.notebook(
        "%casa_mode auto\n%casa_mode live plotms", "%casa_mode", casa={"modes": {"default": "live"}}
    )
    assert notebook.run(1).startswith("live (")
    notebook.run(0)
    # The page goes away before the notebook is saved, and the kernel lives on.
    lab.open(lab.page.url.rpartition("/")[2].partition("?")[0])
    notebook.wait_until_idle()
    assert TOLD.search(notebook.run(1))
    assert saved(notebook, lab.jupyter)["casa"] == {"modes": PLOTMS_LIVE}


def test_the_kernel_learns_the_browser_s_pixel_ratio(browser: Browser, jupyter: Jupyter) -> None:
    context = browser.new_context(device_scale_factor=2)
    notebook = Lab(context.new_page(), jupyter).notebook("get_ipython().kernel._front.pixel_ratio")
    assert notebook.run(0).strip() == "2.0"
    context.close()
    jupyter.end_kernels()


def test_a_kernel_that_is_not_casa_s_is_not_greeted(lab: Lab) -> None:
    notebook = lab.notebook("from comm import get_comm_manager\nget_comm_manager().comms", kernel="python3")
    assert notebook.run(0).strip() == "{}"


def test_a_console_brings_the_desktop_to_the_front_too(lab: Lab) -> None:
    lab.open()
    lab.page.locator(".jp-LauncherCard[data-category=Console]", has_text="CASA").click()
    Notebook(lab.page).wait_until_idle()
    prompt = lab.page.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.click()
    expect(prompt).to_be_focused()
    # What every live task does; without a tool, which would be unpacked first.
    lab.page.keyboard.type("get_ipython().kernel._front.open_desktop('main')")
    lab.page.keyboard.press("Shift+Enter")
    expect(lab.page.locator(".jp-CodeConsole-content .jp-InputPrompt").last).to_have_text("[1]:")
    lab.desktop()
    expect(lab.page.locator(".jp-CodeConsole")).to_be_visible()
