"""Desktops in a browser, ours and the peer's: a Jupyter server for each run, real Chromium, and programs on them.

The peer is jupyter-remote-desktop-proxy 3.0.1 in an environment of its own, below this one's, with the same JupyterLab.
It runs Debian's ``vncserver``, as it always does, and this desktop's window manager: its documentation names the
variable for that, and the Xfce session that it starts by itself would be slower and heavier. Both sides show the page
that fills a browser's tab; how they are reached from JupyterLab's launcher is in ``desktop_start``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Type

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from casa_desktop.process import end

from ..system.conftest import BROWSERS, CHROMIUM
from ..system.lab import Jupyter
from .link import Link, Shape
from .stage import Stage

Side = Callable[[Stage], Mapping[str, float]]

HERE = Path(__file__).parent
PEER = "jupyter-remote-desktop-proxy==3.0.1"
PROBE = (HERE / "probe.js").read_text(encoding="utf-8")
VIEWPORT = {"width": 1280, "height": 800}
X_SERVERS = ("Xvnc", "Xtigervnc")
FOREIGN = ("CASA", "DISPLAY", "JUPYTER", "XAUTHORITY", "XDG_")


class Desk:
    """One side: a running Jupyter server that can show a desktop; a context manager.

    Attributes:
        page_path, websocket_path: of the desktop's page and of its RFB stream, below the base URL.
        card: the text of its card in JupyterLab's launcher.
        own_tab: the card opens another tab of the browser.
        jupyter: the server.
    """

    page_path = ""
    websocket_path = ""
    card = ""
    own_tab = False
    python = sys.executable

    def __init__(self) -> None:
        self._exits = ExitStack()

    def __enter__(self) -> Desk:
        with ExitStack() as exits:
            place = exits.enter_context(_place())
            self.environment = self._environment(place)
            self.jupyter = exits.enter_context(Server(self.python, place / "work", self.environment))
            exits.callback(self._end)
            self._browser = exits.enter_context(_chromium())
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def _environment(self, place: Path) -> Dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {
            **own,
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),
            "JUPYTER_CONFIG_DIR": str(place / "home" / ".jupyter"),
            "PATH": f"{Path(self.python).parent}:{own['PATH']}",
            "LANG": "C.UTF-8",
        }

    def _end(self) -> None:
        """End the server, and then the desktop, which the peer's server would start again, or leave running."""
        self.jupyter.process.kill()
        self.jupyter.process.wait()
        self._end_desktop()

    def _end_desktop(self) -> None:
        raise NotImplementedError

    @contextmanager
    def context(self) -> Iterator[BrowserContext]:
        """Yield a fresh profile of the browser, with the probe in each of its pages."""
        context = self._browser.new_context(viewport=VIEWPORT)
        try:
            context.set_default_timeout(60_000)
            context.add_init_script(PROBE)
            yield context
        finally:
            context.close()

    @contextmanager
    def page(self, shape: Optional[Shape] = None) -> Iterator[Page]:
        """Yield the desktop's page once it has been drawn, over a link of this shape or none."""
        with ExitStack() as exits:
            port = self.jupyter.port
            if shape is not None:
                port = exits.enter_context(Link(port, shape)).port
            page = exits.enter_context(self.context()).new_page()
            page.goto(f"http://127.0.0.1:{port}/{self.page_path}?token={self.jupyter.token}")
            wait_until_drawn(page)
            yield page

    def processes(self) -> List[psutil.Process]:
        """Return the desktop's processes: the X server, and whatever else is there because of the desktop."""
        return [each for each in psutil.process_iter() if each.pid != self.jupyter.process.pid and self._is_ours(each)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get("HOME") == self.environment["HOME"])
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def server(self) -> psutil.Process:
        """Return the Jupyter server's process."""
        return psutil.Process(self.jupyter.process.pid)

    def x_server(self) -> psutil.Process:
        """Return the X server's process, once the desktop runs."""
        return next(each for each in self.processes() if Path(each.exe()).name in X_SERVERS)

    @contextmanager
    def program(self, name: str) -> Iterator[None]:
        """Run one of the programs of ``xprogram`` on the desktop while inside."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.xprogram", name],
            cwd=HERE.parent.parent,
            env={**os.environ, **self.display()},
            stdout=subprocess.PIPE,
        )
        with process:
            try:
                assert process.stdout is not None
                if not process.stdout.readline():
                    raise RuntimeError(f"The program {name!r} did not start.")
                yield
            finally:
                process.kill()

    def display(self) -> Dict[str, str]:
        """Return the variables by which an X program finds the desktop, which runs."""
        raise NotImplementedError


class OurDesk(Desk):
    """casa-desktop, as it is here."""

    page_path = "casa-desktop/"
    websocket_path = "casa-desktop/api/desktops/main/rfb"
    card = "CASA Desktop"

    def _environment(self, place: Path) -> Dict[str, str]:
        self._runtime = place / "run"
        return {**super()._environment(place), "CASA_DESKTOP_RUNTIME_DIR": str(self._runtime)}

    def _end_desktop(self) -> None:
        command = [self.python, "-m", "casa_desktop", "stop", "--all"]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def display(self) -> Dict[str, str]:
        desktop = self.jupyter.ask("casa-desktop/api/desktops/main")
        return {"DISPLAY": desktop["display"], "XAUTHORITY": str(self._runtime / "main" / "Xauthority")}


class PeerDesk(Desk):
    """jupyter-remote-desktop-proxy."""

    page_path = "desktop/"
    websocket_path = "desktop-websockify/"
    card = "Desktop [↗]"
    own_tab = True

    def __init__(self) -> None:
        super().__init__()
        self.python = str(peer_python())

    def _environment(self, place: Path) -> Dict[str, str]:
        start = place / "xstartup"
        start.write_text("#!/bin/sh\nexec icewm\n")
        start.chmod(0o755)
        return {**super()._environment(place), "JUPYTER_REMOTE_DESKTOP_PROXY_XSTARTUP": str(start)}

    def _end_desktop(self) -> None:
        end(self.processes(), grace=5.0)

    def display(self) -> Dict[str, str]:
        display = next(word for word in self.x_server().cmdline() if word.startswith(":"))
        return {"DISPLAY": display, "XAUTHORITY": str(Path(self.environment["HOME"], ".Xauthority"))}


class Server(Jupyter):
    """A JupyterLab of another Python than this one's, which asks its user nothing."""

    def __init__(self, python: str, root: Path, environment: Dict[str, str]) -> None:
        super().__init__(root, environment)
        self._python = python
        settings = Path(environment["JUPYTER_CONFIG_DIR"], "lab", "user-settings", "@jupyterlab", "apputils-extension")
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))

    def _command(self) -> List[str]:
        return [self._python, *super()._command()[1:]]


def on_both(measure: Callable[[Desk], Mapping[str, float]]) -> Tuple[Side, Side]:
    """Return ``ours`` and ``peer`` of a benchmark that measures both in the same way, each on a fresh desktop."""

    def on(kind: Type[Desk]) -> Side:
        def side(_: Stage) -> Mapping[str, float]:
            with kind() as desk:
                return measure(desk)

        return side

    return on(OurDesk), on(PeerDesk)


def peer_python() -> Path:
    """Return the Python that has the peer; it is installed first where it is not, with the JupyterLab that is here."""
    folder = Path(sys.prefix, "peers", PEER)
    wanted = [PEER, *(f"{name}=={version(name)}" for name in ("jupyterlab", "jupyter-server-proxy"))]
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted], check=True)
        stamp.write_text("\n".join(wanted))
    return folder / "bin" / "python"


def wait_until_drawn(page: Page) -> None:
    """Wait until the window manager's task bar is on the canvas."""
    page.wait_for_function("bench.times.drawn")


@contextmanager
def _place() -> Iterator[Path]:
    # Short, for a socket's path has 107 bytes at most.
    place = Path(tempfile.mkdtemp(prefix="cdb-", dir="/tmp"))
    try:
        for name in ("home", "tmp", "work"):
            (place / name).mkdir()
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise FileNotFoundError(f"None of {', '.join(BROWSERS)} is on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()
