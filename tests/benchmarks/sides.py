"""The sides of a desktop's benchmarks: casa-desktop, what people would use instead, and the floor.

- ``remote-desktop-proxy``, jupyter-remote-desktop-proxy, runs Debian's ``vncserver`` as it always does, with this
  project's window manager and its preferences: its documentation names the variable for that, and the Xfce session that
  it starts by itself would be heavier.
- ``websockify`` is the desktop of casa-desktop, the same Xvnc with the same options, behind jupyter-server-proxy and
  websockify, with the noVNC that our page is built with, in noVNC's own settings. It is there from the start.
- ``Xpra`` is Debian's, with its HTML5 client and without Jupyter, for it brings a server of its own. What a desktop
  here has not (sound, printers, webcams, notifications) is turned off.
- ``Selkies`` is Selkies' own entry for jupyter-server-proxy, in its own settings: an Xvfb, H.264 on the processor, and
  WebCodecs in the browser, again with this project's window manager and its preferences.
- ``bare RFB`` reads the same Xvnc's socket with nothing between, uncompressed: what a browser cannot reach.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Tuple, Type

import psutil
from playwright.sync_api import ViewportSize

from casa_desktop.system.process import end
from casa_desktop.x11 import icewm

from ..support.lab import Jupyter
from ..support.living import command, program, variables
from ..support.ports import free_port
from ..support.programs import write_program
from . import peers
from .desks import VIEWPORT, Desk
from .figures import FLOOR, OURS
from .stage import Stage

GEOMETRY = f"{VIEWPORT['width']}x{VIEWPORT['height']}"

Side = Callable[[Stage, str], Mapping[str, float]]


class InJupyter(Desk):
    """A desk behind a Jupyter server.

    Attributes:
        websocket_path: of its RFB stream, below the base URL.
        card: the text of its card in JupyterLab's launcher.
        own_tab: the card opens another tab of the browser.
        jupyter: the server.
    """

    websocket_path = ""
    card = ""
    own_tab = False
    python = sys.executable

    def _environment(self) -> Dict[str, str]:
        found = super()._environment()
        return {**found, "PATH": f"{Path(self.python).parent}:{found['PATH']}"}

    def _start(self, exits: ExitStack) -> None:
        self.jupyter = exits.enter_context(_Server(self.python, self.place / "work", self.environment))
        self.port, self.token = self.jupyter.port, self.jupyter.token
        exits.callback(self._end)

    def _end(self) -> None:
        """End the server, and then the desktop, which the peer's server would start again, or leave running."""
        self.jupyter.process.kill()
        self.jupyter.process.wait()
        end(self.processes(), grace=5.0)

    def serving(self) -> List[psutil.Process]:
        return [psutil.Process(self.jupyter.process.pid)]


class _Ours(InJupyter):
    """A desktop of casa-desktop's own, whatever it is shown by."""

    def _environment(self) -> Dict[str, str]:
        return {**super()._environment(), "CASA_DESKTOP_RUNTIME_DIR": str(self.place / "run")}

    def command(self, *words: str) -> None:
        """Run ``casa-desktop``."""
        argv = [sys.executable, "-m", "casa_desktop", *words]
        subprocess.run(argv, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def record(self) -> Dict[str, Any]:
        """Return where the desktop is."""
        argv = [sys.executable, "-m", "casa_desktop", "status", "--json"]
        found: List[Dict[str, Any]] = json.loads(subprocess.check_output(argv, env=self.environment))
        return next(each for each in found if each["name"] == "main")

    def display(self) -> Dict[str, str]:
        found = self.record()
        return {"DISPLAY": found["display"], "XAUTHORITY": found["xauthority"]}

    def _end(self) -> None:
        self.jupyter.process.kill()
        self.jupyter.process.wait()
        self.command("stop", "--all")


class CasaDesktop(_Ours):
    """casa-desktop, as it is here."""

    page_path = "casa-desktop/"
    websocket_path = "casa-desktop/api/desktops/main/rfb"
    card = "CASA Desktop"


class RemoteDesktopProxy(InJupyter):
    """jupyter-remote-desktop-proxy."""

    page_path = "desktop/"
    websocket_path = "desktop-websockify/"
    card = "Desktop [↗]"
    own_tab = True

    def _environment(self) -> Dict[str, str]:
        self.python = peers.python("remote-desktop-proxy")
        _settle_icewm(self.place)
        start = write_program(self.place / "xstartup", "exec icewm")
        return {**super()._environment(), "JUPYTER_REMOTE_DESKTOP_PROXY_XSTARTUP": str(start)}

    def display(self) -> Dict[str, str]:
        display = next(word for word in command(self.x_server()) if word.startswith(":"))
        return {"DISPLAY": display, "XAUTHORITY": str(Path(self.environment["HOME"], ".Xauthority"))}


class Selkies(InJupyter):
    """Selkies behind jupyter-server-proxy."""

    page_path = "selkies/"
    websocket_path = "selkies/websockets"
    card = "Selkies [↗]"
    own_tab = True

    @classmethod
    @lru_cache(maxsize=None)
    def lack(cls) -> str:
        if not shutil.which("Xvfb"):
            return "Selkies was not measured: it needs Xvfb: apt-get install --no-install-recommends xvfb"
        try:
            peers.python("selkies")
        except subprocess.CalledProcessError as error:
            return f"Selkies was not measured: {peers.SELKIES} could not be installed (status {error.returncode})."
        return ""

    def _environment(self) -> Dict[str, str]:
        self.python = peers.python("selkies")
        _settle_icewm(self.place)
        # It starts what a display manager would.
        sessions = self.place / "home" / ".local" / "share" / "xsessions"
        sessions.mkdir(parents=True)
        (sessions / "icewm.desktop").write_text("[Desktop Entry]\nType=Application\nName=IceWM\nExec=icewm\n")
        return {**super()._environment(), "XDG_CURRENT_DESKTOP": "icewm"}

    def display(self) -> Dict[str, str]:
        found = variables(next(each for each in self.processes() if Path(program(each)).name == "icewm"))
        return {"DISPLAY": found["DISPLAY"], "XAUTHORITY": found["XAUTHORITY"]}


class Websockify(_Ours):
    """The desktop of casa-desktop behind websockify."""

    page_path = "proxied/page.html"
    fits = False
    websocket_path = "proxied/websockify"
    card = "Proxied [↗]"
    own_tab = True

    def _environment(self) -> Dict[str, str]:
        self.python = peers.python("websockify")
        return super()._environment()

    def _start(self, exits: ExitStack) -> None:
        self.command("start", "--geometry", GEOMETRY)
        web = self.place / "web"
        shutil.copytree(peers.novnc(), web)
        shutil.copy(Path(__file__).parent / "page.html", web)
        program = str(Path(self.python).parent / "websockify")
        entry = {
            "command": [program, "--web", str(web), "--unix-target", self.record()["rfb_socket"], "127.0.0.1:{port}"],
            "launcher_entry": {"title": "Proxied", "path_info": "proxied/page.html"},
        }
        config = Path(self.environment["JUPYTER_CONFIG_DIR"])
        config.mkdir(parents=True)
        (config / "jupyter_server_config.json").write_text(json.dumps({"ServerProxy": {"servers": {"proxied": entry}}}))
        super()._start(exits)

    def _end(self) -> None:
        super()._end()
        end(self.processes(), grace=5.0)

    def serving(self) -> List[psutil.Process]:
        hop = [each for each in self.processes() if "--unix-target" in command(each)]
        return [*super().serving(), *hop]


class Bare(_Ours):
    """The desktop of casa-desktop with nothing in front of it."""

    def _start(self, exits: ExitStack) -> None:
        self.command("start", "--geometry", GEOMETRY)
        exits.callback(self.command, "stop", "--all")

    def serving(self) -> List[psutil.Process]:
        return []


class Xpra(Desk):
    """Debian's Xpra."""

    page_path = "index.html"
    fits = False

    def _environment(self) -> Dict[str, str]:
        _settle_icewm(self.place)
        return {**super()._environment(), "XAUTHORITY": str(self.place / "home" / ".Xauthority")}

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/index.html?floating_menu=no&sound=false&notifications=false&printing=false"

    def _start(self, exits: ExitStack) -> None:
        self.port = free_port()
        self._display = _free_display()
        (self.place / "home" / ".Xauthority").touch(mode=0o600)
        x_server = f"Xvfb +extension RANDR +extension DAMAGE -screen 0 {GEOMETRY}x24 -nolisten tcp -noreset"
        off = ("mdns", "pulseaudio", "speaker", "microphone", "webcam", "printing", "notifications", "daemon", "bell")
        process = subprocess.Popen(
            [
                *("xpra", "start-desktop", self._display, "--start=icewm", "--html=on", "--dbus-launch="),
                *(f"--bind-tcp=127.0.0.1:{self.port}", f"--xvfb={x_server} -auth {self.environment['XAUTHORITY']}"),
                *(f"--{each}=no" for each in off),
            ],
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        exits.callback(self._end, process)
        said = []
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if "xpra is ready" in line:
                break
        else:
            raise RuntimeError("Xpra did not start:\n" + "".join(said))
        # It goes on telling; unread, that would stop it.
        self._drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)

    def _end(self, process: subprocess.Popen[str]) -> None:
        end(self.processes(), grace=5.0)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
        self._drain.wait()

    def display(self) -> Dict[str, str]:
        return {"DISPLAY": self._display, "XAUTHORITY": self.environment["XAUTHORITY"]}


class _Server(Jupyter):
    """A JupyterLab of another Python than this one's, which asks its user nothing."""

    def __init__(self, python: str, root: Path, environment: Dict[str, str]) -> None:
        super().__init__(root, environment)
        self._python = python
        settings = Path(environment["JUPYTER_CONFIG_DIR"], "lab", "user-settings", "@jupyterlab", "apputils-extension")
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))

    def _command(self) -> List[str]:
        # What its children say goes where its own log does, and not among the tables.
        return ["sh", "-c", 'exec "$@" >&2', "sh", self._python, *super()._command()[1:]]


def _settle_icewm(place: Path) -> None:
    """Have the window manager as it is on our desktop: by itself it draws the processors' load, each second."""
    settings = place / "home" / ".icewm"
    settings.mkdir()
    (settings / "preferences").write_text(icewm.preferences(), encoding="utf-8")


def _free_display() -> str:
    """Return a display whose socket nobody has: Xpra wants to be told one."""
    for number in range(200, 300):
        with socket.socket(socket.AF_UNIX) as probe:
            if not Path(f"/tmp/.X11-unix/X{number}").exists() and probe.connect_ex(f"\0/tmp/.X11-unix/X{number}"):
                return f":{number}"
    raise RuntimeError("No X display between :200 and :299 is free.")


JRDP, SELKIES, WEBSOCKIFY, XPRA = "remote-desktop-proxy", "Selkies", "websockify", "Xpra"
KINDS: Dict[str, Type[Desk]] = {
    OURS: CasaDesktop,
    JRDP: RemoteDesktopProxy,
    SELKIES: Selkies,
    WEBSOCKIFY: Websockify,
    XPRA: Xpra,
    FLOOR: Bare,
}


@lru_cache(maxsize=None)
def absent() -> Tuple[str, ...]:
    """Return a sentence for each side that this machine cannot have."""
    # Without these two Debian's Xpra starts and shows nothing, and its package only recommends them.
    if shutil.which("xpra") and not subprocess.call(
        ["/usr/bin/python3", "-c", "import PIL, lz4"], stderr=subprocess.DEVNULL
    ):
        return ()
    return (
        "Xpra is not installed, and was not measured: "
        "apt-get install --no-install-recommends xpra python3-lz4 python3-pil",
    )


def lacks(names: Iterable[str]) -> List[str]:
    """Return a sentence for each of the sides that this machine turned out not to have."""
    return [lack for lack in (KINDS[name].lack() for name in names if name in KINDS) if lack]


def present(*names: str) -> List[str]:
    """Return those of the sides that this machine can have."""
    return [name for name in names if name != XPRA or not absent()]


def can_show(name: str, viewport: ViewportSize) -> bool:
    """Return whether this machine has a side, and its desktop fills a page of this size."""
    return not KINDS[name].lack() and (KINDS[name].fits or viewport == VIEWPORT)


def cold_and_warm(desk: Desk, start: Callable[[], float]) -> Mapping[str, float]:
    """Return the times of two starts, the second with all that the first has left.

    Websockify's desktop is there before its server, so that it has no cold start.
    """
    times = {"cold": start(), "warm": start()}
    return {"warm": times["warm"]} if isinstance(desk, Websockify) else times


def on(names: List[str], measure: Callable[[Desk, str], Mapping[str, float]]) -> Dict[str, Side]:
    """Return the sides of a benchmark that measures all of them in the same way."""

    def side(name: str) -> Side:
        def measured(stage: Stage, case: str) -> Mapping[str, float]:
            return {} if KINDS[name].lack() else measure(stage.desk(name, KINDS[name]), case)

        return measured

    return {name: side(name) for name in present(*names)}
