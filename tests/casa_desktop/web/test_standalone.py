"""A desktop without Jupyter: who is let in, and what they get. The server is a real process of its own."""

from __future__ import annotations

import fcntl
import html
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence
from urllib.parse import unquote, urlsplit

import av
import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from casa_desktop import names
from casa_desktop.desktop import lifecycle, open_url, registry, usage
from casa_desktop.views.page import PAGE_FOLDER
from casa_desktop.web.page_server import ON_LOOPBACK

from ...support import living, ordinary_user
from ...support.living import opened as opened_by
from ...support.shortage import NO_INSTANCE, NO_WATCH

LINK = re.compile(r"http://127\.0\.0\.1:(\d+)(/casa-desktop/\?token=\S+)")
API = "/casa-desktop/api/desktops"


class Serving:
    """``casa-desktop serve`` as a process, and a browser of a kind.

    Attributes:
        port: where it listens.
        path: the link's, below the host.
        said: what it has printed before the link.
    """

    def __init__(self, *arguments: str, browser: str = "", descriptors: int = 0, within: Sequence[str] = ()) -> None:
        words = [
            sys.executable,
            "-m",
            "casa_desktop",
            "serve",
            *(arguments if browser else ("--no-browser", *arguments)),
        ]
        if descriptors:
            words = ["prlimit", f"--nofile={descriptors}", *words]
        self.process = subprocess.Popen(
            [*within, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "BROWSER": browser},
        )
        self.port, self.path = self.next_link()
        self.cookie = ""

    def next_link(self) -> tuple[int, str]:
        """Return the port and the path of the next link that it prints."""
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            found = LINK.search(line)
            if found:
                return int(found[1]), found[2]
        raise AssertionError(f"no link was printed, but {said}")

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        """End it; return what it said last."""
        assert self.process.stdout is not None
        self.process.send_signal(how)
        with self.process.stdout as said:
            words = said.read()
        assert self.process.wait(30) == 0
        return words

    def ask(
        self, path: str, method: str = "GET", body: Optional[str] = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        """Send a request with the browser's cookie; return the response and its body."""
        told = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie, **headers}
        if method != "GET":
            told.setdefault("Origin", f"http://127.0.0.1:{self.port}")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {name: value for name, value in told.items() if value})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response, data

    def enter(self) -> HTTPResponse:
        """Open the link, and keep the cookie."""
        response, _ = self.ask(self.path)
        self.cookie = (response.headers["Set-Cookie"] or "").partition(";")[0]
        return response

    def json(self, path: str, method: str = "GET", body: Optional[str] = None) -> tuple[int, Dict[str, Any]]:
        response, data = self.ask(path, method, body)
        return response.status, json.loads(data or b"{}")

    def view(self, name: str = "main", **headers: str) -> ClientConnection:
        """Connect as the page does."""
        origin = headers.pop("Origin", f"http://127.0.0.1:{self.port}")
        told = {"Cookie": self.cookie, **headers}
        url = f"ws://127.0.0.1:{self.port}{API}/{name}/rfb"
        return connect(url, origin=origin or None, additional_headers=told, compression=None)  # type: ignore[arg-type]


def closed(view: ClientConnection) -> int:
    """Read to the connection's end; return the code with which it was closed."""
    with suppress(ConnectionClosed):
        while True:
            view.recv(10)
    assert view.close_code is not None
    return view.close_code


@pytest.fixture
def serving(root: Path) -> Iterator[Serving]:
    serving = Serving()
    yield serving
    serving.end()


def test_a_link_lets_one_browser_in_and_is_void_then(serving: Serving) -> None:
    welcome = serving.enter()
    assert welcome.status == 200
    assert "HttpOnly; SameSite=Strict" in (welcome.headers["Set-Cookie"] or "")
    assert serving.ask("/casa-desktop/")[0].status == 200
    refused, body = serving.ask(serving.path, Cookie="")
    assert refused.status == 403
    assert b"This link has been used, or is wrong." in body
    # The next link is printed, and good for another browser.
    _, path = serving.next_link()
    assert serving.ask(path, Cookie="")[0].status == 200


def test_the_same_browser_may_follow_its_old_link(serving: Serving) -> None:
    serving.enter()
    again, _ = serving.ask(serving.path)
    assert again.status == 200
    assert again.headers["Set-Cookie"] is None


def test_looking_at_the_link_without_getting_it_does_not_use_it(serving: Serving) -> None:
    assert serving.ask(serving.path, "HEAD")[0].status == 405
    assert serving.enter().status == 200


@pytest.mark.parametrize(
    "path", ["/casa-desktop/", "/casa-desktop/?token=wrong", API, f"{API}/main", "/", "/etc/passwd"]
)
def test_without_the_link_there_is_nothing(serving: Serving, path: str) -> None:
    response, _ = serving.ask(path)
    assert response.status == 403
    assert response.headers["Set-Cookie"] is None
    assert serving.ask(API, "POST", "{}")[0].status == 403
    with pytest.raises(InvalidStatus, match="403"):
        serving.view()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "[::1"])
def test_it_answers_to_its_own_names_only(serving: Serving, host: str) -> None:
    assert serving.ask(serving.path, Host=host)[0].status == 403
    serving.enter()
    assert serving.ask("/casa-desktop/", Host=host)[0].status == 403
    assert serving.ask(f"{API}/main", "DELETE", Host=host, Origin=f"http://{host}")[0].status == 403
    assert registry.find() is not None


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1:9", "[::1]:80", "LOCALHOST"])
def test_a_tunnel_may_begin_at_any_port(serving: Serving, host: str) -> None:
    serving.enter()
    assert serving.ask("/casa-desktop/", Host=host)[0].status == 200
    assert serving.ask(API, "POST", "{}", Host=host, Origin=f"http://{host.lower()}")[0].status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_another_page_in_the_same_browser_can_do_nothing(serving: Serving, origin: str) -> None:
    serving.enter()
    assert serving.ask(f"{API}/main", "DELETE", Origin=origin)[0].status == 403
    assert serving.ask(API, "POST", "{}", Origin=origin)[0].status == 403
    with pytest.raises(InvalidStatus, match="403"):
        serving.view(Origin=origin)
    assert registry.find() is not None


def test_the_page_is_told_what_it_shows_and_that_there_is_no_jupyterlab(serving: Serving) -> None:
    serving.enter()
    for path in ("/casa-desktop/", "/casa-desktop/main/"):
        response, page = serving.ask(path)
        assert response.status == 200
        assert response.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        found = re.search(rb'type="application/json">(.*?)</script>', page)
        assert found is not None
        told = {"baseUrl": "/", "name": "main", "token": "", "share": "", "lab": False, "remedy": ON_LOOPBACK.remedy}
        assert json.loads(found[1]) == told
        for address in re.findall(rb'(?:src|href)="(/casa-desktop/static/[^"]+)"', page):
            file, data = serving.ask(address.decode())
            assert file.status == 200
            assert len(data) > 0


@pytest.mark.parametrize("path", ["../__main__.py", "%2e%2e/%2e%2e/__main__.py", "/etc/passwd", "", "nothing.js"])
def test_only_the_page_s_own_files_are_served(serving: Serving, path: str) -> None:
    serving.enter()
    assert serving.ask(f"/casa-desktop/static/{path}")[0].status == 404


def test_the_rest_interface_knows_the_one_desktop(serving: Serving) -> None:
    serving.enter()
    status, told = serving.json(f"{API}/main")
    assert status == 200
    assert (told["name"], told["state"], told["watched"], told["idleMinutes"]) == ("main", "running", False, None)
    assert told["websocket"] == f"{API}/main/rfb"
    assert serving.json(API) == (200, {"desktops": [told]})
    assert serving.json(API, "POST", '{"name": "main"}') == (200, told)
    response, picture = serving.ask(f"{API}/main/screenshot.png")
    assert response.headers["Content-Type"] == "image/png"
    assert picture.startswith(b"\x89PNG")
    for path, method, body in (
        (f"{API}/other", "GET", None),
        (f"{API}/other", "DELETE", None),
        (API, "POST", '{"name": "other"}'),
    ):
        status, told = serving.json(path, method, body)
        assert (status, told["error"]) == (404, "NotServed")
    assert serving.json(API, "POST", "nonsense")[0] == 400
    assert serving.json(API, "POST", "[]")[0] == 400


def test_a_desktop_that_was_stopped_can_be_started_again(serving: Serving) -> None:
    serving.enter()
    assert serving.json(f"{API}/main", "DELETE")[0] == 204
    status, told = serving.json(f"{API}/main")
    assert (status, told["error"]) == (404, "NotRunning")
    with serving.view() as view:
        assert closed(view) == 1013
    assert serving.json(API, "POST", "{}")[0] == 201
    assert registry.find() is not None


def test_a_view_gets_xvnc_s_banner_and_the_control_channel(serving: Serving) -> None:
    serving.enter()
    with serving.view() as view:
        frames = [view.recv(10), view.recv(10)]
        [banner] = [each for each in frames if isinstance(each, bytes)]
        [audience] = [json.loads(each) for each in frames if isinstance(each, str)]
        assert banner == b"RFB 003.008\n"
        assert audience == {"type": "audience", "views": 1, "controls": True, "viewOnly": False, "scale": 1}
        assert usage.is_watched(registry.running())
        view.send(json.dumps({"type": "ping", "id": 17}))
        assert json.loads(view.recv(10)) == {"type": "pong", "id": 17}
        # What goes to Xvnc still makes sense to it: no text frame was among it.
        view.send(banner)
        assert view.recv(10) == b"\x01\x01"
        with serving.view() as other:
            assert json.loads(view.recv(10))["views"] == 2
            told = [each for each in (other.recv(10), other.recv(10)) if isinstance(each, str)]
            assert json.loads(told[0])["controls"] is False
        assert json.loads(view.recv(10))["views"] == 1
    assert serving.json(f"{API}/main")[0] == 200


@pytest.mark.parametrize("within", [(), NO_INSTANCE, NO_WATCH], ids=["all is there", "no instance", "no watch"])
def test_a_link_that_a_program_hands_over_is_shown_in_the_view(root: Path, within: Sequence[str]) -> None:
    serving = Serving(within=within)
    serving.enter()
    record = registry.find()
    assert record is not None
    with serving.view() as view:
        view.recv(10), view.recv(10)
        env = {**os.environ, **lifecycle.environment(record)}
        subprocess.run(["xdg-open", "https://casa.nrao.edu/"], env=env, check=True)
        assert json.loads(view.recv(10)) == {"type": "link", "url": "https://casa.nrao.edu/"}
    serving.end()


def test_all_views_together_take_one_inotify_instance(serving: Serving) -> None:
    serving.enter()
    with ExitStack() as views:
        opened = [views.enter_context(serving.view()) for _ in range(3)]
        for each in opened:
            # How many views there are, and Xvnc's greeting.
            each.recv(10), each.recv(10)
        record = registry.running()
        for number in range(2):
            open_url.hand_over(record.at, f"https://casa.nrao.edu/{number}")
            for each in opened:
                assert await_link(each) == f"https://casa.nrao.edu/{number}"
        files = opened_by(serving.process.pid)
    assert len([each for each in files if "inotify" in each]) == 1


def await_link(view: ClientConnection) -> str:
    """Return the next link that a view is told of, whatever else it is told before."""
    return str(await_words(view, "link")["url"])


def test_a_view_has_video_and_another_encoder_when_the_first_has_ended(serving: Serving) -> None:
    serving.enter()
    with serving.view() as view:
        for number in (1, 2):
            view.send(json.dumps({"type": "video", "area": AREA, "codec": "h264", "level": 4}))
            words = await_words(view, "frame")
            frame = view.recv(10)
            assert isinstance(frame, bytes)
            assert (words["key"], words["area"]) == (True, AREA)
            [picture] = av.CodecContext.create("h264", "r").decode(av.Packet(frame))
            assert (picture.width, picture.height) == (AREA["width"], AREA["height"])
            view.send(json.dumps({"type": "shown", "stream": 1}))
            assert await_words(view, "rest")["stream"] == 1
            [encoder] = encoders(serving)
            if number == 1:
                encoder.kill()
                await_words(view, "ended")
        view.send(json.dumps({"type": "ping", "id": 17}))
        assert await_words(view, "pong")["id"] == 17
    # It ends with its view.
    psutil.wait_procs([encoder], timeout=30)
    assert not living.is_alive(encoder)


AREA = {"x": 64, "y": 64, "width": 256, "height": 192}


def encoders(serving: Serving) -> List[psutil.Process]:
    return [each for each in living.below(serving.process.pid) if names.VIDEO_PROGRAM in living.command(each)]


def await_words(view: ClientConnection, kind: str) -> Dict[str, Any]:
    """Return the next message of a kind, whatever comes before it."""
    while True:
        frame = view.recv(10)
        words: Dict[str, Any] = json.loads(frame) if isinstance(frame, str) else {}
        if words.get("type") == kind:
            return words


def test_a_view_that_talks_nonsense_is_put_out_with_a_reason(serving: Serving) -> None:
    serving.enter()
    with serving.view() as view:
        view.send("nonsense")
        assert closed(view) == 1007


def test_a_view_is_told_that_its_desktop_has_ended(serving: Serving) -> None:
    serving.enter()
    with serving.view() as view:
        view.recv(10)
        lifecycle.stop()
        assert closed(view) == 1013


def test_a_view_is_told_that_the_use_of_its_desktop_cannot_be_noted(serving: Serving) -> None:
    serving.enter()
    with registry.running().at.record.open("r+b") as opened:
        # F_OFD_SETLK, as what ends unused desktops has it for a moment.
        fcntl.fcntl(opened, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        with serving.view() as view:
            assert closed(view) == 1013
            assert "another process has kept it locked" in str(view.protocol.close_reason)


def test_ctrl_c_ends_it_with_open_views_and_leaves_the_desktop(root: Path) -> None:
    serving = Serving("--name", "m31", "--idle", "60")
    serving.enter()
    with serving.view("m31"):
        words = serving.end(signal.SIGINT)
    assert "The desktop 'm31' goes on; 'casa-desktop stop --name m31' ends it." in words
    record = registry.find("m31")
    assert record is not None
    assert record.idle_minutes == 60


@pytest.fixture
def browser(tmp_path: Path) -> tuple[str, Path]:
    """A program that takes the place of the user's browser, and where it writes its command line."""
    told, program = tmp_path / "told", tmp_path / "browser"
    os.mkfifo(told)
    program.write_text(f"#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >{told}\n")
    program.chmod(0o755)
    return str(program), told


def test_no_command_line_holds_the_link_and_the_browser_finds_it_in_a_private_file(
    root: Path, browser: tuple[str, Path]
) -> None:
    program, told = browser
    serving = Serving(browser=f"{program} %s")
    words = told.read_text().split("\n")
    assert not any("token" in each for each in words)
    [address] = [each for each in words if each.startswith("file://")]
    page = Path(unquote(urlsplit(address).path))
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.parent.stat().st_mode & 0o777 == 0o700
    link = LINK.search(html.unescape(page.read_text()).replace('"', " "))
    assert link is not None
    assert (int(link[1]), link[2]) == (serving.port, serving.path)
    # Used, it leads nowhere, and is gone.
    serving.enter()
    serving.next_link()
    assert not page.parent.exists()
    serving.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_file_is_gone_with_its_process_or_with_the_next_one(
    root: Path, browser: tuple[str, Path], how: signal.Signals
) -> None:
    program, told = browser
    serving = Serving(browser=f"{program} %s")
    told.read_text()
    assert len(list(root.glob(".open-*"))) == 1
    if how is signal.SIGTERM:
        serving.end()
    else:
        serving.process.kill()
        serving.process.communicate()
        after = Serving(browser=f"{program} %s")
        told.read_text()
        assert len(list(root.glob(".open-*"))) == 1
        after.end()
    assert list(root.glob(".open-*")) == []


SILENT = """
import socket, sys
opened = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) for _ in range(300)]
print(len(opened), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("descriptors", [1024, 256, 60])
def test_three_hundred_silent_connections_of_another_user_keep_nobody_out(root: Path, descriptors: int) -> None:
    serving = Serving(descriptors=descriptors)
    env = ordinary_user.environment()
    with ordinary_user.start([ordinary_user.python(), "-c", SILENT, str(serving.port)], env=env) as neighbour:
        assert neighbour.stdout is not None
        assert neighbour.stdout.readline() == "300\n"
        assert serving.enter().status == 200
        assert serving.ask("/casa-desktop/")[0].status == 200
        with serving.view() as view:
            assert view.recv(10)
        neighbour.communicate()
    assert "Traceback" not in serving.end()


HEAD = "Host: 127.0.0.1\r\nCookie: {cookie}\r\nOrigin: http://127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET http://[x/ HTTP/1.1", "", b"400"),
        ("POST http://[x/ HTTP/1.1", "", b"400"),
        ("GET /casa-desktop/static/%00 HTTP/1.1", "", b"400"),
        (f"GET /casa-desktop/static/{'a' * 5000} HTTP/1.1", "", b"404"),
        (f"POST {API} HTTP/1.1", "Content-Length: \xb2\r\n", b"400"),
        (f"POST {API} HTTP/1.1", f"Content-Length: {'1' * 5000}\r\n", b"400"),
        (f"POST {API} HTTP/1.1", "Content-Length: -1\r\n", b"400"),
        ("GET /casa-desktop/ HTTP/\xb2.1", "", b"400"),
        ("GET / HTTP/1.1 x y", "", b"400"),
        ("\x00\xff", "", b"400"),
        (f"GET /{'a' * 70000} HTTP/1.1", "", b"414"),
        ("GET / HTTP/1.1", "X: y\r\n" * 200, b"431"),
        (f"GET {API}/main/rfb HTTP/1.1", "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n", b"400"),
    ],
)
def test_a_request_that_makes_no_sense_gets_a_status_and_no_traceback(
    served: Serving, line: str, headers: str, status: bytes
) -> None:
    request = f"{line}\r\n{HEAD.format(cookie=served.cookie)}{headers}\r\n"
    with socket.create_connection(("127.0.0.1", served.port), 60) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        # An answer to a line without a version has no head (HTTP/0.9), but says the same.
        assert status in connection.makefile("rb").read(300)
    # The next one is answered, and nothing else was printed before it.
    assert served.ask("/casa-desktop/")[0].status == 200


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    """One that many tests ask, by a browser that was let in; in the end it has printed no traceback."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASA_DESKTOP_RUNTIME_DIR", folder)
        serving = Serving()
        serving.enter()
        yield serving
        words = serving.end()
        lifecycle.stop()
        assert "Traceback" not in words


def test_it_listens_on_loopback_only(serving: Serving) -> None:
    listening = subprocess.run(["ss", "-ltnp"], stdout=subprocess.PIPE, text=True, check=True).stdout
    mine = [line for line in listening.splitlines() if f"pid={serving.process.pid}," in line]
    assert [line.split()[3] for line in mine] == [f"127.0.0.1:{serving.port}"]


def test_it_tells_of_the_tunnel_that_leads_to_it(root: Path) -> None:
    serving = Serving()
    said = serving.end()
    assert f"ssh -L {serving.port}:127.0.0.1:{serving.port} {os.uname().nodename}" in said


def test_a_port_that_is_taken_is_one_line(serving: Serving) -> None:
    words = [sys.executable, "-m", "casa_desktop", "serve", "--no-browser", "--port", str(serving.port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("casa-desktop: ")
    assert done.stderr.count("\n") == 1


def test_the_page_has_been_built() -> None:
    assert (PAGE_FOLDER / "index.html").is_file()
