"""A JupyterLab that has no casa-desktop: the desktop is on a page that the kernel serves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..support import other_jupyter
from ..support.hub import Hub
from ..support.lab import Canvas, Jupyter, Lab, Notebook
from ..support.mask_editor import TITLE, MaskEditor
from ..support.screen import Screen
from .test_interactive_tclean import CLEAN, READ, SIZE

BASE = "/node/tycho/"
REMEDY = "After a restart of the kernel, run %casa_desktop in the notebook for a new link."


def without_desktops(environment: Dict[str, str]) -> Dict[str, str]:
    """Return the variables of a Jupyter, none of which tells its kernels that it shows desktops."""
    return {name: value for name, value in environment.items() if name != "CASA_DESKTOP_URL"}


class ForeignJupyter(Jupyter):
    """A ``jupyter lab`` of a Python that has neither casa-desktop nor CASA."""

    def __init__(self, python: Path, root: Path, environment: Dict[str, str]) -> None:
        super().__init__(root, environment)
        self._python = python
        self.url += BASE.lstrip("/")

    def _command(self) -> List[str]:
        return [str(self._python), *super()._command()[1:]]


@pytest.fixture(scope="module")
def python(place: Path) -> Path:
    """A Python with JupyterLab and jupyter-server-proxy."""
    found = other_jupyter.installed(place / "foreign", ["jupyterlab", "jupyter-server-proxy"])
    share = found.parents[1] / "share" / "jupyter"
    share.mkdir(parents=True)
    # JupyterLab itself; its extensions, of which one is ours, lie beside it.
    (share / "lab").symlink_to(Path(sys.prefix, "share", "jupyter", "lab"))
    return found


@pytest.fixture(scope="module")
def jupyter(
    place: Path, python: Path, environment: Dict[str, str], observation: Path, request: pytest.FixtureRequest
) -> Iterator[Jupyter]:
    """A JupyterLab that knows nothing of casa-desktop, with a proxy or without; its user has a kernel of it."""
    has_proxy = request.param
    settings = place / f"foreign-{has_proxy}"
    data = settings / "data"
    (settings / "labconfig").mkdir(parents=True)
    told = {"ServerApp": {"jpserver_extensions": {"jupyter_server_proxy": has_proxy}, "base_url": BASE}}
    (settings / "jupyter_server_config.json").write_text(json.dumps(told))
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "labconfig" / "page_config.json").write_text(json.dumps(quiet))
    install = [sys.executable, "-m", "casa_desktop", "kernel", "install", "--name", "elsewhere"]
    subprocess.run(install, env={**environment, "JUPYTER_DATA_DIR": str(data)}, check=True, stdout=subprocess.DEVNULL)
    own = other_jupyter.environment(without_desktops(environment), python, data)
    with ForeignJupyter(python, observation, {**own, "JUPYTER_CONFIG_DIR": str(settings)}) as server:
        assert not any("casa" in line for line in server.log)
        yield server


def follow(notebook: Notebook, number: int) -> Page:
    """Click the link in a cell's output; return the page in the new tab when it shows the desktop."""
    link = notebook.cell(number).locator(".casa-desktop-notice a")
    expect(link).to_have_count(1)
    with notebook.page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("body")).to_have_attribute("data-state", "connected")
    return opened.value


@pytest.mark.parametrize("jupyter", [True], indirect=True, ids=["with a proxy"])
def test_a_mask_is_drawn_on_a_page_that_comes_through_jupyter_server_proxy(
    browser: Browser, lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = lab.notebook('NAME = "foreign"', CLEAN, READ, kernel="elsewhere")
    notebook.run(0)
    notebook.start(1)
    page = follow(notebook, 1)
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
    stranger = browser.new_context()
    answer = stranger.new_page().goto(f"{lab.jupyter.url}login?token={lab.jupyter.token}&next={BASE}lab")
    assert answer is not None
    answer = stranger.pages[0].goto(f"http://127.0.0.1:{lab.jupyter.port}{spent}")
    assert answer is not None
    assert answer.status == 403
    expect(stranger.pages[0].locator("body")).to_contain_text("Run %casa_desktop in the notebook for a new one.")
    stranger.close()

    # Behind the proxy it is certain that nothing serves the page any more.
    _restart_kernels(lab.jupyter)
    expect(page.locator("body")).to_have_attribute("data-state", "failed")
    expect(page.get_by_text("This page has ended.")).to_be_visible()
    expect(page.get_by_text(REMEDY)).to_be_visible()


@pytest.mark.parametrize("jupyter", [False], indirect=True, ids=["without a proxy"])
def test_without_a_proxy_the_cell_tells_of_the_tunnel_and_its_link_leads_to_the_window(
    lab: Lab, screen: Callable[[], Screen]
) -> None:
    notebook = lab.notebook("viewer('dirty.image', gui=True)", kernel="elsewhere")
    said = notebook.run(0)
    page = follow(notebook, 0)
    found = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)/casa-desktop/", page.url)
    assert found is not None
    assert f"ssh -L {found[1]}:127.0.0.1:{found[1]} " in said
    screen().wait_for_window(TITLE)
    _restart_kernels(lab.jupyter)
    expect(page.locator("body")).to_have_attribute("data-state", "reconnecting")
    expect(page.get_by_text(REMEDY)).to_be_visible()


def _restart_kernels(jupyter: Jupyter) -> None:
    for kernel in jupyter.ask("api/kernels"):
        jupyter.ask(f"api/kernels/{kernel['id']}/restart", "POST")


def test_behind_a_hub_the_link_leads_through_the_user_s_own_server(
    context: BrowserContext, place: Path, environment: Dict[str, str], desktop: Callable[..., str]
) -> None:
    folder = place / "foreign-hub"
    (folder / "ada").mkdir(parents=True)
    extensions = "--ServerApp.jpserver_extensions={'casa_desktop': False}"
    with Hub(folder, without_desktops(environment), arguments=[extensions]) as hub:
        desktop("start")
        page = context.new_page()
        hub.log_in(page, "ada")
        server = Jupyter(folder / "ada", environment)
        server.url, server.token = hub.start_server("ada"), ""
        notebook = Lab(page, server).notebook("%casa_desktop")
        notebook.run(0)
        shown = follow(notebook, 0)
        assert re.fullmatch(re.escape(server.url) + r"proxy/127\.0\.0\.1:[0-9]+/casa-desktop/", shown.url)


@pytest.mark.parametrize("jupyter", [False], indirect=True, ids=["without a proxy"])
def test_without_anywidget_a_desktop_in_a_cell_says_what_is_missing(lab: Lab) -> None:
    said = lab.notebook("%casa_desktop --cell", kernel="elsewhere").run(0)
    assert "run 'pip install anywidget' in Jupyter's own environment" in said
