"""The page without JupyterLab: who gets in, what it says when it fails, and that it comes back."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Callable, Dict, Iterator, List
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, Route, WebSocket, WebSocketRoute, expect

from casa_desktop.views.rfb_filter import ClientStream, Kind, Message

from ..support.lab import Jupyter

STATE = "data-state"


def _open(context: BrowserContext, jupyter: Jupyter) -> Page:
    page = context.new_page()
    page.goto(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
    return page


def _wait_for_state(page: Page, state: str) -> None:
    expect(page.locator("body")).to_have_attribute(STATE, state, timeout=30_000)


def test_page_comes_back_by_itself_after_the_server_was_restarted(
    context: BrowserContext, place: Path, environment: Dict[str, str], desktop: Callable[..., str]
) -> None:
    with Jupyter(place, environment) as server:
        page = _open(context, server)
        _wait_for_state(page, "connected")
        before = desktop("status", "--json")
        server.stop()
        _wait_for_state(page, "reconnecting")
        server.start()
        _wait_for_state(page, "connected")
        expect(page.get_by_text("the Jupyter server was restarted")).to_be_visible()
    assert desktop("status", "--json") == before, "it should be the same desktop"


def test_page_comes_back_when_the_network_does_and_says_so(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    page = _open(context, jupyter)
    _wait_for_state(page, "connected")
    # The connection is not closed, as with a cable that was pulled: only its silence tells.
    context.set_offline(True)
    _wait_for_state(page, "reconnecting")
    expect(page.get_by_text("The network is away.")).to_be_visible()
    context.set_offline(False)
    _wait_for_state(page, "connected")
    expect(page.get_by_text("the network was away")).to_be_visible()


REQUESTS = """performance.getEntriesByType('resource').map(each => new URL(each.name).pathname.split('/').at(-1))"""


def test_page_of_a_running_desktop_asks_for_nothing_and_later_for_another_one(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = _open(context, jupyter)
    _wait_for_state(page, "connected")
    assert "desktops" not in page.evaluate(REQUESTS)
    desktop("stop")
    page.get_by_role("button", name="Start it again").click()
    _wait_for_state(page, "connected")
    assert "desktops" in page.evaluate(REQUESTS)


def test_page_shows_the_desktop_by_the_websocket_that_it_opened_before_its_scripts_came(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = context.new_page()
    opened: List[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    with page.expect_event("websocket") as first:
        # Nothing else than the page itself is there.
        page.route("**/static/**", lambda route: (first.value, route.continue_()))
        page.goto(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
    _wait_for_state(page, "connected")
    assert opened == [first.value.url]


class _Sent:
    """What a page sends to its desktop.

    Args:
        socket: the page's websocket.
    """

    def __init__(self, socket: WebSocket) -> None:
        self.messages: List[Message] = []
        self._socket = socket
        self._stream = ClientStream()
        socket.on("framesent", self._take)

    def wait_for(self, kind: Kind, number: int = 1) -> None:
        """Wait until so many messages of this kind have been sent."""
        while self.kinds().count(kind) < number:
            self._socket.wait_for_event("framesent")

    def kinds(self) -> List[Kind]:
        return [each.kind for each in self.messages]

    def encodings(self) -> List[List[int]]:
        """Return what each SetEncodings asks for, without how the picture is sent."""
        asked = [each.data for each in self.messages if each.kind is Kind.SET_ENCODINGS]
        numbers = [struct.unpack_from(f">{(len(data) - 4) // 4}i", data, 4) for data in asked]
        return [[each for each in some if not _is_quality(each)] for some in numbers]

    def _take(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self.messages += self._stream.feed(data)


def _is_quality(encoding: int) -> bool:
    """Return whether an encoding is a quality of JPEG's, or zlib's effort."""
    return -32 <= encoding <= -23 or -256 <= encoding <= -247 or -768 <= encoding <= -412


def test_page_asks_for_its_first_picture_before_its_scripts_come_and_not_again(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = context.new_page()
    sent: List[_Sent] = []
    before: List[Kind] = []

    def hold(route: Route) -> None:
        if not before:
            sent[0].wait_for(Kind.CONTINUOUS_UPDATES)
            before[:] = sent[0].kinds()
        route.continue_()

    page.on("websocket", lambda socket: sent.append(_Sent(socket)))
    with page.expect_event("websocket") as opened:
        page.route("**/page.*.js", lambda route: (opened.value, hold(route)))
        page.goto(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
    _wait_for_state(page, "connected")
    page.get_by_role("button", name="Picture").click()
    page.get_by_text("Medium", exact=True).click()
    # Now at the latest it announces what noVNC supports.
    sent[0].wait_for(Kind.SET_ENCODINGS, 2)
    handshake = [Kind.VERSION, Kind.SECURITY, Kind.CLIENT_INIT, Kind.SET_PIXEL_FORMAT]
    assert before == [*handshake, Kind.SET_ENCODINGS, Kind.UPDATE_REQUEST, Kind.CONTINUOUS_UPDATES]
    assert not {*handshake}.intersection(sent[0].kinds()[len(before) :])
    first, *others = sent[0].encodings()
    assert others[-1] == first, "noVNC supports something else"


def test_page_is_one_script_and_what_is_in_it(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = _open(context, jupyter)
    _wait_for_state(page, "connected")
    files = [name for name in page.evaluate(REQUESTS) if name.endswith((".js", ".css"))]
    assert [name.split(".")[0] for name in files] == ["page"], files
    expect(page.get_by_role("toolbar")).to_have_css("display", "flex")


def test_page_asks_what_is_left_of_memory_and_time_after_its_first_picture(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = context.new_page()
    held: List[Callable[[], None]] = []
    asked: List[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/")[-1]))

    def between(route: WebSocketRoute) -> None:
        server, stream = route.connect_to_server(), ClientStream()

        def send(message: str | bytes) -> None:
            sent = stream.feed(message) if isinstance(message, bytes) else []
            if held or any(each.kind is Kind.UPDATE_REQUEST for each in sent):
                held.append(lambda: server.send(message))
            else:
                server.send(message)

        route.on_message(send)

    page.route_web_socket("**/rfb", between)
    page.goto(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
    _wait_for_state(page, "connected")
    assert held
    assert "resources" not in asked
    with page.expect_request("**/api/resources"):
        for each in held:
            each()


def test_page_whose_desktop_ends_before_it_connects_says_so_and_starts_another_one(
    context: BrowserContext, jupyter: Jupyter, desktop: Callable[..., str]
) -> None:
    desktop("start")
    page = context.new_page()
    # The page's script comes when the desktop that the page was told of is no more.
    page.route("**/page.*.js", lambda route: (desktop("stop"), route.continue_()))
    page.goto(f"{jupyter.url}casa-desktop/?token={jupyter.token}")
    page.get_by_role("button", name="Start it again").click()
    _wait_for_state(page, "connected")


@pytest.mark.usefixtures("desktop")
def test_novnc_decodes_no_film_when_it_is_loaded(context: BrowserContext, jupyter: Jupyter) -> None:
    context.add_init_script(
        """window.asked = [];
        const ask = VideoDecoder.isConfigSupported;
        VideoDecoder.isConfigSupported = config => {
          asked.push(config.codec);
          return ask.call(VideoDecoder, config);
        };"""
    )
    page = _open(context, jupyter)
    _wait_for_state(page, "connected")
    assert "avc1.42401f" not in page.evaluate("asked")


@pytest.fixture
def without_x_server(place: Path, environment: Dict[str, str], tmp_path: Path) -> Iterator[Jupyter]:
    """A JupyterLab on whose PATH there is no X server."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in map(Path, environment["PATH"].split(":")):
        for program in folder.glob("*") if folder.is_dir() else ():
            link = programs / program.name
            if not program.name.startswith(("Xvnc", "Xtigervnc")) and not link.is_symlink():
                link.symlink_to(program)
    own = {**environment, "PATH": str(programs), "CASA_DESKTOP_RUNTIME_DIR": str(place / "none")}
    with Jupyter(tmp_path, own) as server:
        yield server


def test_page_says_why_there_is_no_desktop_and_has_a_button(context: BrowserContext, without_x_server: Jupyter) -> None:
    page = _open(context, without_x_server)
    _wait_for_state(page, "failed")
    expect(page.get_by_text("tigervnc-standalone-server")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    _wait_for_state(page, "failed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "casa-desktop/api/desktops"),
        ("POST", "casa-desktop/api/desktops"),
        ("DELETE", "casa-desktop/api/desktops/main"),
        ("GET", "casa-desktop/api/desktops/main/screenshot.png"),
    ],
)
def test_rest_refuses_without_a_token(jupyter: Jupyter, desktop: Callable[..., str], method: str, path: str) -> None:
    desktop("start")
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(jupyter.url + path, method=method), timeout=10)
    assert refused.value.code == 403
    refused.value.close()
    assert "main" in desktop("status")


def test_page_asks_strangers_to_log_in(context: BrowserContext, jupyter: Jupyter) -> None:
    page = context.new_page()
    page.goto(f"{jupyter.url}casa-desktop/")
    assert "/login" in page.url
    assert page.locator("canvas").count() == 0


def test_websocket_refuses_without_a_token(jupyter: Jupyter, desktop: Callable[..., str]) -> None:
    desktop("start")
    path = jupyter.ask("casa-desktop/api/desktops/main")["websocket"]
    assert _handshake(jupyter, path) == 403
    assert _handshake(jupyter, f"{path}?token={jupyter.token}") == 101


def _handshake(jupyter: Jupyter, path: str) -> int:
    """Return the status with which a websocket's handshake is answered."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{jupyter.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", jupyter.port), timeout=10) as connection:
        connection.sendall(request.encode())
        return int(connection.makefile("rb").readline().split()[1])
