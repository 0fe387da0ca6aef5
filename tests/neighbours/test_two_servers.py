"""Two users, each with a Jupyter server on one machine: what is one's is shut to the other, and not even told of."""

from __future__ import annotations

import http.client
import json
import secrets
from contextlib import closing
from typing import Any, Iterator, List, Tuple
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ..support.lab import READY
from ..support.ports import free_port
from .town import Person, Town

API = "/casa-desktop/api/desktops"
OF_A_DESKTOP = ("", "/screenshot.png", "/shares", "/rfb")


class Server:
    """A user's Jupyter server.

    Attributes:
        person: whose.
        token: what lets in.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self.token, self.port = secrets.token_hex(16), free_port()
        words = [
            *("-m", "jupyter_server", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}"),
            *("--ServerApp.port_retries=0", "--ServerApp.jpserver_extensions=casa_desktop=True"),
        ]
        # Not in the command line, which everybody may read.
        self.process = person.python(*words, JUPYTER_TOKEN=self.token)
        assert self.process.stderr is not None
        said: List[str] = []
        for line in self.process.stderr:
            said.append(line)
            if READY in line:
                return
        raise RuntimeError("".join(said))

    def ask(
        self, method: str, path: str, token: str = "", cookie: str = ""
    ) -> Tuple[int, bytes, List[Tuple[str, str]]]:
        """Return the status, the body and the headers of an answer."""
        headers = {"Authorization": f"token {token}"} if token else {}
        headers.update({"Cookie": cookie} if cookie else {})
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, b"{}" if method == "POST" else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheaders()

    def json(self, method: str, path: str) -> Any:
        """Return what the owner is told."""
        status, said, _ = self.ask(method, path, self.token)
        assert status < 300, said
        return json.loads(said)

    def opens(self, path: str, token: str) -> bool:
        """Tell whether the websocket at ``path`` says anything but goodbye."""
        headers = {"Authorization": f"token {token}"}
        try:
            with connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=headers) as view:
                return bool(view.recv(20))
        except (InvalidStatus, ConnectionClosed):
            return False


@pytest.fixture
def servers(town: Town) -> Iterator[Tuple[Server, Server]]:
    """Two users' servers, each with a desktop."""
    one, two = Server(town.newcomer()), Server(town.newcomer())
    for server in (one, two):
        status, said, _ = server.ask("POST", API, server.token)
        assert status == 201, said
    yield one, two
    for server in (one, two):
        server.ask("DELETE", f"{API}/main", server.token)


def test_one_s_token_cookie_and_link_open_nothing_of_the_other_s(servers: Tuple[Server, Server]) -> None:
    hers, his = servers
    share = hers.json("POST", f"{API}/main/shares")
    assert hers.opens(f"{API}/main/rfb", hers.token)
    assert hers.opens(f"/casa-desktop/api/shared/{share['token']}/rfb", hers.token)
    pages = ["/casa-desktop/", "/casa-desktop/main/", f"/casa-desktop/shared/{share['token']}/", API]
    for path in [*pages, *(f"{API}/main{more}" for more in OF_A_DESKTOP), f"/casa-desktop/api/shared/{share['token']}"]:
        for cookie in ("", _cookie_for(hers, his)):
            for method in ("GET", "POST", "DELETE"):
                status, said, _ = hers.ask(method, path, "" if cookie else his.token, cookie)
                assert status in (302, 403, 405), (method, path, status, said)
    for path in (f"{API}/main/rfb", f"/casa-desktop/api/shared/{share['token']}/rfb"):
        assert not hers.opens(path, his.token)
    # Nor does her link lead anywhere by his own server.
    assert not his.opens(f"/casa-desktop/api/shared/{share['token']}/rfb", his.token)
    assert his.ask("GET", f"/casa-desktop/api/shared/{share['token']}", his.token)[0] == 404


def _cookie_for(hers: Server, his: Server) -> str:
    """Return the cookie that lets him in at his own server, under the name that hers looks for."""
    _, _, headers = his.ask("GET", f"/casa-desktop/?token={his.token}")
    cookies = [value.split(";")[0].split("=", 1) for name, value in headers if name == "Set-Cookie"]
    ((name, value),) = (each for each in cookies if str(his.port) in each[0])
    assert his.ask("GET", API, cookie=f"{name}={value}")[0] == 200
    return f"{name.replace(str(his.port), str(hers.port))}={value}"


def test_no_route_tells_of_the_other_s_desktops(servers: Tuple[Server, Server]) -> None:
    hers, his = servers
    told = {server: server.json("GET", API)["desktops"] for server in servers}
    assert [[each["name"] for each in found] for found in told.values()] == [["main"], ["main"]]
    assert told[hers][0]["pid"] != told[his][0]["pid"]
    assert told[hers][0]["display"] != told[his][0]["display"]
    # His are nowhere below her address, by whatever name.
    folder = f"casa-desktop-{his.person.uid}"
    for name in (f"../../{folder}/main", f"/tmp/{folder}/main", folder, "..", f"main/../../{folder}/main"):
        for more in OF_A_DESKTOP:
            status, said, _ = hers.ask("GET", f"{API}/{quote(name, safe='')}{more}", hers.token)
            # 405: the address of a websocket, whatever the name.
            assert status in ((405,) if more == "/rfb" else (400, 404)), (name, status)
            # What was asked for may be repeated; what is there is not told.
            assert told[his][0]["display"].encode() not in said


def test_a_page_that_she_stops_is_hers_alone(servers: Tuple[Server, Server]) -> None:
    hers, his = servers
    assert hers.ask("DELETE", f"{API}/main", hers.token)[0] == 204
    assert hers.json("GET", API) == {"desktops": []}
    assert [each["name"] for each in his.json("GET", API)["desktops"]] == ["main"]


def test_no_token_is_where_another_user_can_read_it(servers: Tuple[Server, Server]) -> None:
    hers, his = servers
    search = "cat /proc/[0-9]*/cmdline; find /tmp /mnt/home /dev/shm -type f -readable -exec cat {} +"
    process = his.person.start("sh", "-c", search)
    read, _ = process.communicate(timeout=60)
    assert his.token in read, "he reads less than he may"
    assert hers.token not in read
