"""The page that a kernel has served: who is let in, what they get, and when it ends. This process is the kernel."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from http.client import HTTPResponse
from pathlib import Path
from typing import Iterator

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from casa_desktop.desktop import lifecycle, page_process, registry
from casa_desktop.errors import InvalidName, PageUnavailable

from ...support import ordinary_user
from ...support.living import below, command, variables
from .test_standalone import API, SILENT, Serving

PROXIED = "hub.example.org"
# A kernel that has its page served, and then waits; it may fork before, behind Python's back or not.
KERNEL = """
import ctypes, os, sys
from casa_desktop.desktop import page_process
serving = page_process.Serving("main")
print(serving.address().port, flush=True)
fork = {{"none": lambda: 1, "python": os.fork, "native": ctypes.CDLL(None).fork}}[{fork!r}]
if fork() == 0:
    ctypes.CDLL(None).pause()
print("forked", flush=True)
sys.stdin.read()
"""


class Page(Serving):
    """A page that is served for this process, and a browser of a kind."""

    def __init__(self, name: str = "main") -> None:
        self.serving = page_process.Serving(name)
        self.cookie = ""
        self.port, self.path = self.next_link()

    def next_link(self) -> tuple[int, str]:
        """Return the port and the path of the present link."""
        address = self.serving.address()
        link = address.on_this_machine
        assert link.startswith(f"http://127.0.0.1:{address.port}/")
        return address.port, link.partition(str(address.port))[2]

    def view(self, name: str = "main", **headers: str) -> ClientConnection:
        """Connect as the page does, by any host's name."""
        url = f"ws://{headers['Host']}{API}/{name}/rfb"
        # It closes the socket in the end.
        there = socket.create_connection(("127.0.0.1", self.port), 60)
        try:
            return connect(
                url,
                sock=there,
                origin=headers["Origin"] or None,  # type: ignore[arg-type]
                additional_headers={"Cookie": self.cookie},
                compression=None,
            )
        except BaseException:
            there.close()
            raise

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        """End it as the kernel does."""
        server = server_at(self.port)
        self.serving.close()
        server.wait(30)
        return ""


def server_at(port: int) -> psutil.Process:
    """Return the process that listens on a port of this machine."""
    listening = subprocess.run(["ss", "-ltnp"], stdout=subprocess.PIPE, text=True, check=True).stdout
    [line] = [each for each in listening.splitlines() if f":{port} " in each]
    assert line.split()[3] == f"127.0.0.1:{port}"
    found = re.search(r"pid=([0-9]+),", line)
    assert found is not None, line
    return psutil.Process(int(found[1]))


@pytest.fixture(scope="module")
def served() -> Iterator[Page]:
    """A page that all tests share; none of them can stop its desktop."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASA_DESKTOP_RUNTIME_DIR", folder)
        lifecycle.ensure()
        page = Page()
        yield page
        page.end()
        lifecycle.stop()


@pytest.fixture
def page(served: Page) -> Page:
    """The page, with its present link, and a browser that does not know it yet."""
    served.cookie = ""
    served.port, served.path = served.next_link()
    return served


def test_a_link_lets_one_browser_in_and_the_next_one_is_another(page: Page) -> None:
    assert page.next_link() == (page.port, page.path)
    welcome = page.enter()
    assert welcome.status == 200
    told = welcome.headers["Set-Cookie"] or ""
    # Without a path, so that the browser keeps it for the folder of its own address, below the proxy's.
    assert re.fullmatch(r"casa-desktop-[0-9a-f]{8}=[\w-]{32}; HttpOnly; SameSite=Strict", told)
    assert page.ask("/casa-desktop/")[0].status == 200
    refused, body = page.ask(page.path, Cookie="")
    assert refused.status == 403
    assert b"has been used, or is wrong. Run %casa_desktop in the notebook for a new one." in body
    # The same browser, from its history.
    assert page.ask(page.path)[0].status == 200
    _, path = page.next_link()
    assert path != page.path
    assert page.ask(path, Cookie="")[0].status == 200


def test_a_program_that_previews_the_link_does_not_use_it(page: Page) -> None:
    assert page.ask(page.path, "HEAD")[0].status == 405
    assert page.enter().status == 200


@pytest.mark.parametrize("host", ["127.0.0.1:1234", PROXIED, "evil.example"])
def test_without_the_link_there_is_nothing_whatever_the_host_is_called(page: Page, host: str) -> None:
    paths = ["/casa-desktop/", "/casa-desktop/?token=", "/casa-desktop/?token=wrong", "/casa-desktop/?token=%e2%82%ac"]
    for path in [*paths, API, f"{API}/main", f"{API}/main/screenshot.png", "/casa-desktop/static/", "/", "/etc/passwd"]:
        nothing(page.ask(path, Host=host)[0])
        nothing(page.ask(path, Host=host, Cookie=f"{'x' * 21}=y; casa-desktop-00000000=z")[0])
    for method, path in (("POST", API), ("DELETE", f"{API}/main")):
        nothing(page.ask(path, method, "{}", Host=host, Origin=f"http://{host}")[0])
    with pytest.raises(InvalidStatus, match="403"):
        page.view(Host=host, Origin=f"http://{host}")
    assert registry.find() is not None
    # None of this has used the link.
    assert page.enter().status == 200


def nothing(response: HTTPResponse) -> None:
    assert response.status == 403
    assert response.headers["Set-Cookie"] is None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_browser_that_was_let_in_may_come_through_a_proxy(page: Page, scheme: str) -> None:
    page.enter()
    assert page.ask("/casa-desktop/", Host=PROXIED)[0].status == 200
    assert page.ask(API, "POST", "{}", Host=PROXIED, Origin=f"{scheme}://{PROXIED}")[0].status == 200
    with page.view(Host=PROXIED, Origin=f"{scheme}://{PROXIED}") as view:
        assert b"RFB 003.008\n" in (view.recv(10), view.recv(10))


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", f"https://{PROXIED}:1", f"https://{PROXIED}.evil.example", "https://"]
)
def test_another_page_in_the_same_browser_can_do_nothing(page: Page, origin: str) -> None:
    page.enter()
    for method, path in (("DELETE", f"{API}/main"), ("POST", API)):
        assert page.ask(path, method, "{}", Host=PROXIED, Origin=origin)[0].status == 403
    with pytest.raises(InvalidStatus, match="403"):
        page.view(Host=PROXIED, Origin=origin)
    assert registry.find() is not None


def test_the_page_has_no_address_of_its_own_so_that_a_proxy_may_put_it_anywhere(page: Page) -> None:
    welcome = page.ask(page.path)
    page.cookie = (welcome[0].headers["Set-Cookie"] or "").partition(";")[0]
    assert re.findall(rb'(?:url=|href=")([^"]*)', welcome[1]) == [b"./", b"./"]
    for path, above in (("/casa-desktop/", "../"), ("/casa-desktop/main/", "../../")):
        _, text = page.ask(path)
        found = re.search(rb'type="application/json">(.*?)</script>', text)
        assert found is not None
        assert json.loads(found[1])["baseUrl"] == above
        # The icon is within the page, and has no address.
        addresses = [each.decode() for each in re.findall(rb'(?:src|href)="((?!data:)[^"]+)"', text)]
        assert addresses
        for address in addresses:
            assert address.startswith(f"{above}casa-desktop/static/")
            assert page.ask(f"/{address[len(above) :]}")[0].status == 200
    told = page.json(f"{API}/main")[1]
    assert (told["page"], told["websocket"]) == ("casa-desktop/main/", f"{API.lstrip('/')}/main/rfb")


def test_no_process_shows_the_secret_and_only_loopback_is_listened_on(page: Page) -> None:
    secret = page.path.partition("token=")[2]
    assert len(secret) == 32
    process = server_at(page.port)
    assert not [each for each in (*command(process), *variables(process).values()) if secret in each]


ASKING = """
import http.client, sys
for path in sys.argv[2:]:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    connection.request("GET", path, headers={"Cookie": sys.stdin.readline().strip()})
    print(connection.getresponse().status, flush=True)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be two users")
def test_another_user_of_the_machine_is_not_let_in_not_even_with_the_link_or_the_cookie(page: Page) -> None:
    paths = [page.path, page.path, "/casa-desktop/", API]
    with ordinary_user.start(
        [ordinary_user.python(), "-c", ASKING, str(page.port), *paths], env=ordinary_user.environment()
    ) as stranger:
        assert stranger.stdin is not None
        assert stranger.stdout is not None
        stranger.stdin.write("\n\n")
        stranger.stdin.flush()
        assert [stranger.stdout.readline() for _ in range(2)] == ["403\n"] * 2
        # That has not used it.
        assert page.enter().status == 200
        stranger.stdin.write(f"{page.cookie}\n" * 2)
        stranger.stdin.flush()
        assert [stranger.stdout.readline() for _ in range(2)] == ["403\n"] * 2
        stranger.communicate()
    assert page.ask("/casa-desktop/")[0].status == 200


def test_three_hundred_silent_connections_of_another_user_keep_nobody_out(page: Page) -> None:
    env = ordinary_user.environment()
    with ordinary_user.start([ordinary_user.python(), "-c", SILENT, str(page.port)], env=env) as neighbour:
        assert neighbour.stdout is not None
        assert neighbour.stdout.readline() == "300\n"
        assert page.enter().status == 200
        neighbour.communicate()


@pytest.mark.parametrize("fork", ["none", "python", "native"])
def test_it_ends_with_its_kernel_also_where_something_that_the_kernel_has_forked_goes_on(root: Path, fork: str) -> None:
    words = [sys.executable, "-c", KERNEL.format(fork=fork)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as kernel:
        assert kernel.stdin is not None
        assert kernel.stdout is not None
        server = server_at(int(kernel.stdout.readline()))
        assert kernel.stdout.readline() == b"forked\n"
        forked = below(kernel.pid, recursive=False)
        assert len(forked) == (0 if fork == "none" else 1)
        kernel.kill()
        kernel.wait()
        try:
            server.wait(30)
        finally:
            for each in forked:
                each.kill()


def test_a_kernel_is_told_why_no_page_is_served(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidName):
        page_process.Serving("../x")
    (tmp_path / "websockify.py").write_text("raise ImportError('there is no websockify')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    serving = page_process.Serving("m31")
    with pytest.raises(PageUnavailable) as caught:
        serving.address()
    serving.close()
    assert "there is no websockify" in str(caught.value)
    assert str(caught.value).endswith("Run 'casa-desktop serve --name m31' in a terminal on this machine.")
