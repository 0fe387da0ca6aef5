"""JupyterLab without casa-desktop's extensions: the desktop is on a page that the kernel serves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ..support.lab import Canvas, Jupyter, Lab, Notebook
from ..support.mask_editor import TITLE, MaskEditor
from ..support.screen import Screen
from .test_interactive_tclean import CLEAN, READ, SIZE

BASE = "/node/tycho/"


@pytest.fixture(scope="module")
def jupyter(
    place: Path, environment: Dict[str, str], observation: Path, request: pytest.FixtureRequest
) -> Iterator[Jupyter]:
    """A JupyterLab that knows nothing of desktops, as one from another environment; with a proxy or without."""
    has_proxy = request.param
    settings = place / f"foreign-{has_proxy}"
    (settings / "labconfig").mkdir(parents=True)
    extensions = {"casa_desktop": False, "jupyter_server_proxy": has_proxy}
    told = {"ServerApp": {"jpserver_extensions": extensions, "base_url": BASE}}
    (settings / "jupyter_server_config.json").write_text(json.dumps(told))
    disabled = {
        "disabledExtensions": {"casa-desktop-labextension": True, "@jupyterlab/apputils-extension:announcements": True}
    }
    (settings / "labconfig" / "page_config.json").write_text(json.dumps(disabled))
    own = {name: value for name, value in environment.items() if name != "CASA_DESKTOP_URL"}
    server = Jupyter(observation, {**own, "JUPYTER_CONFIG_DIR": str(settings)})
    server.url += BASE.lstrip("/")
    with server:
        assert not any("the CASA Desktop is at" in line for line in server.log)
        yield server


def follow(context: BrowserContext, notebook: Notebook, number: int) -> Page:
    """Click the link in a cell's output; return the page in the new tab when it shows the desktop."""
    link = notebook.cell(number).locator(".casa-desktop-notice a")
    expect(link).to_have_count(1)
    with context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("body")).to_have_attribute("data-state", "connected")
    return opened.value


@pytest.mark.parametrize("jupyter", [True], indirect=True, ids=["with a proxy"])
def test_a_mask_is_drawn_on_a_page_that_comes_through_jupyter_server_proxy(
    context: BrowserContext, lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = lab.notebook('NAME = "foreign"', CLEAN, READ)
    notebook.run(0)
    notebook.start(1)
    page = follow(context, notebook, 1)
    assert re.fullmatch(re.escape(lab.jupyter.url) + r"proxy/127\.0\.0\.1:[0-9]+/casa-desktop/", page.url)
    canvas, desktop = Canvas(page, page.locator("canvas")), screen()
    canvas.wait_for_size_of(desktop)
    editor = MaskEditor.wait_for(desktop, canvas)
    corners = editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()
    lab.page.bring_to_front()
    assert "iterations: 40" in notebook.wait_until_finished(1)
    editor.wait_until_gone()
    assert editor.is_mask_of(notebook.run(2).split("mask:")[1], corners, SIZE)

    # The page comes back by its cookie, and the link has been used.
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-state", "connected")
    spent = notebook.cell(1).locator(".casa-desktop-notice a").get_attribute("href")
    assert context.browser is not None
    stranger = context.browser.new_context()
    answer = stranger.new_page().goto(f"{lab.jupyter.url}login?token={lab.jupyter.token}&next={BASE}lab")
    assert answer is not None
    answer = stranger.pages[0].goto(f"http://127.0.0.1:{lab.jupyter.port}{spent}")
    assert answer is not None
    assert answer.status == 403
    expect(stranger.pages[0].locator("body")).to_contain_text("Run %casa_desktop in the notebook for a new one.")
    stranger.close()


@pytest.mark.parametrize("jupyter", [False], indirect=True, ids=["without a proxy"])
def test_without_a_proxy_the_cell_tells_of_the_tunnel_and_its_link_leads_to_the_window(
    context: BrowserContext, lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = lab.notebook("viewer('dirty.image', gui=True)")
    said = notebook.run(0)
    page = follow(context, notebook, 0)
    found = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)/casa-desktop/", page.url)
    assert found is not None
    assert f"ssh -L {found[1]}:127.0.0.1:{found[1]} " in said
    screen().wait_for_window(TITLE)
