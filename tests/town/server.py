"""A user's server on a hub, for a program that acts for this user."""

from __future__ import annotations

from typing import Any, List
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..chaos.cells import Kernel
from ..support.hub import RunningHub
from ..support.lab import ask


class Server:
    """A running server of a user's.

    Args:
        hub: the hub that has it.
        url: its address, ends in a slash.
        user: its user's name.

    Attributes:
        url: its address.
        token: what lets a program act for the user.
    """

    def __init__(self, hub: RunningHub, url: str, user: str) -> None:
        self.url, self.token = url, hub.token(user)

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what its REST interface answers, decoded from JSON."""
        return ask(self.url + path, self.token, method, body)

    def desktop(self) -> Any:
        """Return the model of the user's desktop; it is started where it does not run."""
        return self.ask("casa-desktop/api/desktops", "POST", {"name": "main"})

    def desktops(self) -> List[Any]:
        """Return the models of the running desktops."""
        found: List[Any] = self.ask("casa-desktop/api/desktops")["desktops"]
        return found

    def kernel(self, name: str = "casa") -> Kernel:
        """Return a new CASA kernel that answers."""
        kernel = Kernel(self, name=name)  # type: ignore[arg-type]
        assert kernel.answers(120)
        return kernel

    def status(self, path: str, token: str) -> int:
        """Return the status with which an address answers the holder of ``token``."""
        request = Request(self.url + path)
        request.add_header("Authorization", f"token {token}")
        try:
            with urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
