"""A real JupyterLab and a real Chromium, shared by the tests here; each test gets a fresh page and a fresh desktop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, expect, sync_playwright

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime.record import Record

from ..support import profiles
from ..support.lab import Jupyter, Lab
from ..support.screen import Screen

# Chromium as root in a container has no sandbox; the rest keeps it from asking the network for anything.
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A page does nothing while the machine's processors are given to others. What is waited for here comes, and no test is
# about how soon; those that are have times of their own.
expect.set_options(timeout=30_000)
# Where to keep a picture of how each test ended, for whoever wants to look.
PICTURES = os.environ.get("CASA_DESKTOP_TEST_PICTURES")
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable")
# Large enough for a notebook and a desktop side by side.
VIEWPORT = ViewportSize(width=1920, height=1080)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that ``-m 'not system'`` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """Keep pytest-jupyter, once another folder has loaded it, from closing the loop that Playwright runs here."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """Likewise: no server runs in this process."""


# Of the package, not of the session: Playwright's synchronous interface keeps an event loop running in this thread,
# and tests elsewhere want to run theirs.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What drives browsers."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium, or another Chrome that is there."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, f"None of {', '.join(BROWSERS)} is on PATH: apt-get install chromium"
    return program


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Chromium, headless, without a profile."""
    browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def profile(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A profile that keeps JupyterLab's scripts compiled, which takes a third of a page's load."""
    folder = tmp_path_factory.mktemp("profile")
    profile = playwright.chromium.launch_persistent_context(
        folder, executable_path=chromium, args=CHROMIUM, viewport=VIEWPORT
    )
    profile.set_default_timeout(30_000)
    yield profile
    profile.close()


@pytest.fixture(scope="package")
def jupyter(environment: Dict[str, str], new_observation: Callable[[], Path]) -> Iterator[Jupyter]:
    """A running JupyterLab whose folder has the observation in it."""
    settings = Path(environment["JUPYTER_CONFIG_DIR"], "lab", "user-settings", "@jupyterlab", "apputils-extension")
    # A worker may have been here before.
    settings.mkdir(parents=True, exist_ok=True)
    # A new user is asked about news from the network, in a box that lies over the canvas.
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    with Jupyter(new_observation(), environment) as server:
        yield server


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser profile."""
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(30_000)
    yield context
    _take_pictures(context, request)
    context.close()


@pytest.fixture
def lab(
    profile: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str], request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """JupyterLab in a fresh page, the only one of its profile, in which no page of another test has left anything.

    Its kernels and the desktop end with the test.
    """
    (page,) = profile.pages
    yield Lab(page, jupyter)
    _take_pictures(profile, request)
    profiles.empty(profile)
    jupyter.end_kernels()


def _take_pictures(context: BrowserContext, request: pytest.FixtureRequest) -> None:
    for number, page in enumerate(context.pages if PICTURES else ()):
        page.screenshot(path=_picture(request, f"page{number}"))


def _picture(request: pytest.FixtureRequest, what: str) -> str:
    # A link of Mbit/s is in the names of some tests.
    return f"{PICTURES}/{request.node.name.replace('/', ' per ')}-{what}.png"


@pytest.fixture
def record(environment: Dict[str, str]) -> Callable[[], Record]:
    """Returns the record of the running desktop ``main``.

    Not of the first one there is: what another test has asked for may come after that test.
    """

    def find() -> Record:
        with _looking_in(environment):
            return registry.running()

    return find


@pytest.fixture
def desktop(environment: Dict[str, str]) -> Iterator[Callable[..., str]]:
    """Runs ``casa-desktop`` with the given arguments and returns what it prints; afterwards, stops all desktops."""

    def command(*arguments: str) -> str:
        done = subprocess.run(
            ["casa-desktop", *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    yield command
    # As the command does it, without a Python that must start for each test.
    with _looking_in(environment):
        for record in registry.list_desktops():
            lifecycle.stop(record.name)


@contextmanager
def _looking_in(environment: Dict[str, str]) -> Iterator[None]:
    """Have this process look for desktops where those with the environment do."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("CASA_DESKTOP_RUNTIME_DIR", environment["CASA_DESKTOP_RUNTIME_DIR"])
        yield


@pytest.fixture
def screen(
    desktop: Callable[..., str], record: Callable[[], Record], request: pytest.FixtureRequest
) -> Iterator[Callable[[], Screen]]:
    """Returns a connection to the X server of the desktop ``main``."""
    opened = []

    def connect() -> Screen:
        opened.append(Screen(vars(record())))
        opened[-1].wait_until_managed()
        return opened[-1]

    yield connect
    for number, screen in enumerate(opened):
        if PICTURES:
            Image.fromarray(screen.pixels()).save(_picture(request, f"desktop{number}"))
        screen.__exit__()
