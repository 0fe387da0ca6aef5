"""Users' servers as jobs of Slurm's, on a hub with the configuration that is shipped for that."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import websocket
from playwright.sync_api import Browser, expect

from . import slurm
from .hub import Hub
from .lab import ask

# How long a start or an end may take on a busy machine, in seconds; it is waited for.
PATIENCE = 150.0


class Job:
    """A user's server in a job, and a kernel of CASA in it.

    Args:
        hub: the hub that has started it.
        cluster: where it runs.
        folder: where the kernel works.
        user: whose it is.
        profile: the profile that the user has chosen.

    Attributes:
        address: the server's address, ends in a slash.
        number: Slurm's number of the job.
    """

    def __init__(self, hub: Hub, cluster: slurm.Slurm, folder: Path, user: str, profile: str) -> None:
        before = set(cluster.states())
        self.address = hub.start_server(user, profile=profile)
        (self.number,) = set(cluster.states()) - before
        self.token = hub.token(user)
        self._kernel = ask(f"{self.address}api/kernels", self.token, "POST", {"name": "casa"})["id"]
        self.connect()
        self.run(f"import os; os.chdir({str(folder)!r})")

    def connect(self) -> None:
        """Connect to the kernel, through the hub's proxy."""
        place = urlsplit(self.address)
        self._socket = websocket.create_connection(
            f"ws://{place.netloc}{place.path}api/kernels/{self._kernel}/channels",
            header=[f"Authorization: token {self.token}"],
            timeout=PATIENCE,
        )

    def send(self, code: str) -> None:
        """Have the kernel run some code."""
        header = {"msg_id": "1", "msg_type": "execute_request", "version": "5.3", "username": "", "session": "1"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._socket.send(json.dumps(message))

    def run(self, code: str) -> None:
        """Have it run some code to the end."""
        self.send(code)
        while True:
            message = json.loads(self._socket.recv())
            if message["msg_type"] == "execute_reply":
                assert message["content"]["status"] == "ok", message
                return

    def close(self) -> None:
        self._socket.close()


def reads(browser: Browser, hub: Hub, user: str, *sentences: str) -> None:
    """See that a user reads sentences above the profiles."""
    page = browser.new_context().new_page()
    hub.log_in(page, user)
    page.goto(f"{hub.url}hub/home")
    page.goto(f"{hub.url}hub/spawn/{user}")
    for sentence in sentences:
        expect(page.get_by_text(sentence)).to_be_visible()
    page.context.close()
