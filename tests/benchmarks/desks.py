"""One side of a desktop's benchmarks: what shows the desktop in a browser, and what people would use instead.

All sides have a desktop of the same size with the same window manager, and are seen in one Chromium, each in a fresh
profile. What sets them apart is in ``sides``; how they are reached from JupyterLab's launcher is in ``desktop_start``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from ..support.living import below, program, seconds, with_variable
from ..support.screen import Screen
from ..system.conftest import BROWSERS, CHROMIUM
from .link import Link, Shape

HERE = Path(__file__).parent
PROBE = (HERE / "probe.js").read_text(encoding="utf-8")
# What goes on by itself has ended when it takes so small a part of a processor for so many seconds.
LITTLE, LOOK, LOOKS = 0.1, 0.5, 20
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
X_SERVERS = ("Xvnc", "Xtigervnc", "Xvfb")
FOREIGN = ("CASA", "DISPLAY", "JUPYTER", "XAUTHORITY", "XDG_")


class Desk:
    """One side, running; a context manager. What serves the page is there, the desktop with the first page.

    Args:
        browser: in which its pages are opened.

    Attributes:
        environment: the variables of its processes, by whose HOME they are known.
        port, token: of what serves the page.
        link: what the page that is open goes through, if anything.
    """

    # Of the desktop's page, below the port.
    page_path = ""
    # Whether the desktop takes the size of the page.
    fits = True
    port = 0
    token = ""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._exits = ExitStack()
        self.link: Optional[Link] = None
        # What is to be seen on it; see ``scenes``.
        self.scene: Any = None

    def __enter__(self) -> Desk:
        with ExitStack() as exits:
            self.place = exits.enter_context(_place())
            self.environment = self._environment()
            self._start(exits)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self.scene is not None:
            self.scene.end()
        self._exits.close()

    @classmethod
    def lack(cls) -> str:
        """Return why this machine cannot have it, in a sentence; empty if it can. The first call may take minutes."""
        return ""

    def _environment(self) -> Dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {
            **own,
            "HOME": str(self.place / "home"),
            "TMPDIR": str(self.place / "tmp"),
            "JUPYTER_CONFIG_DIR": str(self.place / "home" / ".jupyter"),
            "XDG_RUNTIME_DIR": str(self.place / "tmp"),
            "LANG": "C.UTF-8",
        }

    def _start(self, exits: ExitStack) -> None:
        """Start what serves the page, and leave its end to ``exits``."""
        raise NotImplementedError

    def display(self) -> Dict[str, str]:
        """Return the variables by which an X program finds the desktop, which runs."""
        raise NotImplementedError

    @contextmanager
    def context(self, viewport: ViewportSize = VIEWPORT) -> Iterator[BrowserContext]:
        """Yield a fresh profile of the browser, with the probe in each of its pages."""
        context = self._browser.new_context(viewport=viewport)
        try:
            context.set_default_timeout(60_000)
            context.add_init_script(PROBE)
            yield context
        finally:
            context.close()

    @contextmanager
    def page(self, shape: Optional[Shape] = None, viewport: ViewportSize = VIEWPORT) -> Iterator[Page]:
        """Yield the desktop's page once it has been drawn, over a link of this shape or none."""
        with ExitStack() as exits:
            self.link = None if shape is None else exits.enter_context(Link(self.port, shape))
            page = exits.enter_context(self.context(viewport)).new_page()
            page.goto(self.address(self.port if self.link is None else self.link.port))
            wait_until_drawn(page)
            yield page

    def address(self, port: int) -> str:
        """Return the page's address through a port."""
        return f"http://127.0.0.1:{port}/{self.page_path}?token={self.token}"

    def processes(self) -> List[psutil.Process]:
        """Return all processes that are there because of the desktop: what is in its HOME."""
        return with_variable("HOME", self.environment["HOME"])

    def serving(self) -> List[psutil.Process]:
        """Return those that serve pages whether there is a desktop or not."""
        return []

    def x_server(self) -> psutil.Process:
        """Return the X server's process, once the desktop runs."""
        return next(each for each in self.processes() if Path(program(each)).name in X_SERVERS)

    def screen(self) -> Screen:
        """Return the desktop as its X server shows it."""
        found = self.display()
        return Screen({"display": found["DISPLAY"], "xauthority": found["XAUTHORITY"]})

    @contextmanager
    def program(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run one of the programs of ``xprogram`` on the desktop while inside."""
        process = start_program(self.display(), *words)
        with process:
            try:
                yield process
            finally:
                process.kill()


def start_program(display: Dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """Start one of the programs of ``xprogram`` on a display; return it once it is ready."""
    argv = [sys.executable, "-m", "tests.benchmarks.xprogram", *words]
    process = subprocess.Popen(argv, cwd=HERE.parents[1], env={**os.environ, **display}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    if not process.stdout.readline():
        process.kill()
        process.wait()
        raise RuntimeError(f"The program {words[0]!r} did not start.")
    return process


def seconds_of(processes: List[psutil.Process]) -> float:
    """Return the processors' seconds that these processes have taken; one that has ended counts nothing."""
    return sum(map(seconds, processes))


def wait_until_at_rest() -> None:
    """Wait, ten seconds at most, until all that this process has started is idle: servers, a new window's browser."""
    before: Dict[psutil.Process, float] = {}
    for _ in range(LOOKS):
        time.sleep(LOOK)
        now = {each: seconds(each) for each in below(os.getpid())}
        used = sum(max(0.0, taken - before.get(each, 0.0)) for each, taken in now.items())
        if before and used < LITTLE * LOOK:
            return
        before = now


def wait_until_drawn(page: Page) -> None:
    """Wait until the window manager's task bar is on the canvas."""
    page.wait_for_function("bench.times.drawn")


@contextmanager
def _place() -> Iterator[Path]:
    # Short, for a socket's path has 107 bytes at most.
    place = Path(tempfile.mkdtemp(prefix="cdb-", dir="/tmp"))
    try:
        for name in ("home", "tmp", "work"):
            (place / name).mkdir(mode=0o700)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a running browser; there may be one at a time."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise FileNotFoundError(f"None of {', '.join(BROWSERS)} is on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()
