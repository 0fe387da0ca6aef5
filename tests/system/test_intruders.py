"""A real Jupyter server with our routes, and somebody who should not get in: what is refused, and that it stays up."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import ExitStack, closing
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from ..support.examples import SHARED, percent
from ..support.lab import Jupyter
from ..support.shortage import descriptors

MANY = settings(SHARED, max_examples=percent(60))
SHARES = "casa-desktop/api/desktops/main/shares"
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)
# What a path may be made of, for whoever wants out of a folder.
PIECES = (
    *("..", "%2e%2e", "%252e%252e", "..%2f", "..%5c", "%00", "%0a", "%ff", "%c0%ae%c0%ae", "%7b%7b"),
    *("", ".", "~", "*", "{}", ";", "a" * 300, "etc", "passwd"),
    *("main", "api", "static", "shared", "desktops", "rfb", "screenshot.png"),
)
paths = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("/".join)


class Caller:
    """Somebody who speaks HTTP with the server, to the letter; keeps the connection.

    Attributes:
        headers: sent with each request.
    """

    def __init__(self, jupyter: Jupyter, headers: Dict[str, str]) -> None:
        self._connection, self.headers = http.client.HTTPConnection("127.0.0.1", jupyter.port, timeout=30), headers

    def ask(self, method: str, path: str, body: Optional[bytes] = None, **headers: str) -> Tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self._connection.request(method, "/" + path, body, {**self.headers, **headers})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def owner(jupyter: Jupyter, desktop: Any) -> Iterator[Caller]:
    """The user himself, with his token. All desktops are stopped afterwards."""
    with closing(Caller(jupyter, {"Authorization": f"token {jupyter.token}"})) as caller:
        yield caller


@pytest.fixture
def stranger(jupyter: Jupyter, desktop: Any) -> Iterator[Caller]:
    """Somebody with a wrong token."""
    with closing(Caller(jupyter, {"Authorization": "token " + "0" * 32})) as caller:
        yield caller


def _desktops(owner: Caller) -> List[Any]:
    found: List[Any] = json.loads(owner.ask("GET", "casa-desktop/api/desktops")[1])["desktops"]
    return found


@MANY
@given(st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]), paths, st.binary(max_size=50))
@example("GET", "api/desktops", b"")
@example("POST", "api/desktops", b"{}")
@example("GET", "", b"")
@example("GET", "static/index.html", b"")
def test_nothing_below_our_address_answers_a_stranger(stranger: Caller, method: str, path: str, body: bytes) -> None:
    status, said = stranger.ask(method, f"casa-desktop/{path}", body)
    # 204 is an answer to OPTIONS alone, and says nothing.
    assert (status, said) == (204, b"") if status < 300 else status in (301, 302, 400, 403, 404, 405)
    assert b"root:" not in said


@MANY
@given(paths)
@example("static/%00")
@example("static/../errors.py")
@example("static/%2e%2e/%2e%2e/errors.py")
def test_not_even_the_owner_gets_a_file_from_outside(owner: Caller, path: str) -> None:
    status, said = owner.ask("GET", f"casa-desktop/{path}")
    assert status < 500
    assert b"root:" not in said
    assert b"class CasaDesktopError" not in said


@MANY
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"name": "../x"}')
@example(b'{"name": {"$ne": 1}}')
def test_a_body_that_names_no_desktop_starts_none(owner: Caller, body: bytes) -> None:
    status, said = owner.ask("POST", "casa-desktop/api/desktops", body or b"7")
    if status >= 300:
        assert status == 400
        assert json.loads(said)["message"]
        assert _desktops(owner) == []
    else:
        # An object without a name, or nothing at all, stands for main.
        assert isinstance(json.loads(body), (dict, type(None)))
        owner.ask("DELETE", "casa-desktop/api/desktops/main")


def test_a_body_of_two_hundred_megabytes_is_refused_and_not_kept(owner: Caller, jupyter: Jupyter) -> None:
    with closing(socket.create_connection(("127.0.0.1", jupyter.port), 30)) as connection:
        head = f"POST /{SHARES} HTTP/1.1\r\nHost: x\r\nAuthorization: token {jupyter.token}\r\n"
        connection.sendall(f"{head}Content-Length: {10**12}\r\n\r\n".encode())
        assert connection.recv(100).startswith((b"HTTP/1.1 4", b""))
    assert _desktops(owner) == []


@MANY
@given(json_values)
@example({"minutes": float("nan")})
@example({"minutes": "60"})
@example({"label": "\n"})
def test_a_malformed_link_to_share_is_refused(owner: Caller, value: Any) -> None:
    if not _desktops(owner):
        owner.ask("POST", "casa-desktop/api/desktops", b"{}")
    status, _ = owner.ask("POST", SHARES, json.dumps(value).encode())
    assert status in (200, 201, 400)
    if status == 400:
        return
    given_minutes = value.get("minutes", 60) if isinstance(value, dict) else 60
    assert 1 <= given_minutes <= 1440


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_page_of_somebody_else_s_cannot_act_in_the_user_s_name(owner: Caller, jupyter: Jupyter, method: str) -> None:
    path = "casa-desktop/api/desktops" + ("/main" if method == "DELETE" else "")
    assert owner.ask("POST", "casa-desktop/api/desktops", b"{}")[0] == 201
    before = _desktops(owner)
    with closing(Caller(jupyter, _cookies(jupyter))) as browser:
        for headers in ({}, {"Origin": "https://elsewhere.example"}, {"X-XSRFToken": "forged"}):
            assert browser.ask(method, path, b"{}" if method == "POST" else None, **headers)[0] in (403, 404)
        assert browser.ask("GET", path)[0] == 200
    assert _desktops(owner) == before


def _cookies(jupyter: Jupyter) -> Dict[str, str]:
    """Return the header of a browser that has logged in."""
    connection = http.client.HTTPConnection("127.0.0.1", jupyter.port, timeout=30)
    with closing(connection):
        connection.request("GET", f"/casa-desktop/?token={jupyter.token}")
        answer = connection.getresponse()
        answer.read()
        cookies = [value.split(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie"]
    return {"Cookie": "; ".join(cookies)}


@pytest.mark.parametrize(
    ("token", "origin"), [("", ""), ("0" * 32, ""), ("right", "https://elsewhere.example"), ("right", "null")]
)
def test_no_websocket_opens_for_a_stranger_or_from_a_foreign_page(
    owner: Caller, jupyter: Jupyter, token: str, origin: str
) -> None:
    assert owner.ask("POST", "casa-desktop/api/desktops", b"{}")[0] == 201
    headers = {"Authorization": f"token {jupyter.token if token == 'right' else token}"} if token else {}
    if token == "right":
        # A foreign page has the browser's cookies and no token: with a token, no page is at work.
        headers = _cookies(jupyter)
    address = f"ws://127.0.0.1:{jupyter.port}/casa-desktop/api/desktops/main/rfb"
    with pytest.raises(InvalidStatus) as refused, connect(address, additional_headers=headers, origin=origin or None):
        pass
    assert refused.value.response.status_code in (302, 403)


@pytest.mark.parametrize("name", ["..", "%2e%2e", "main%2f..", "api", "%00", "x" * 250, quote("ma in")])
def test_no_websocket_opens_for_a_name_that_is_none(owner: Caller, jupyter: Jupyter, name: str) -> None:
    address = f"ws://127.0.0.1:{jupyter.port}/casa-desktop/api/desktops/{name}/rfb"
    # Where the name gets as far as our handler, the handshake is answered and the connection closed with a reason.
    refusals = (InvalidStatus, ConnectionClosedError)
    with pytest.raises(refusals) as refused, connect(address, additional_headers=owner.headers) as websocket:
        websocket.recv()
    error = refused.value
    if isinstance(error, InvalidStatus):
        assert error.response.status_code in (400, 403, 404)
    else:
        assert error.rcvd is not None
        assert error.rcvd.code == 1008


def test_a_flood_of_views_leaves_the_server_answering_and_nothing_open(owner: Caller, jupyter: Jupyter) -> None:
    assert owner.ask("POST", "casa-desktop/api/desktops", b"{}")[0] == 201
    address = f"ws://127.0.0.1:{jupyter.port}/casa-desktop/api/desktops/main/rfb"
    before = descriptors(jupyter.process.pid)
    for _ in range(3):
        with ExitStack() as views:
            for _ in range(100):
                # Each is told of all the others, and takes it all in.
                views.enter_context(connect(address, additional_headers=owner.headers, max_queue=None))
            assert _desktops(owner)[0]["watched"]
    # Whatever it had to do for those who have gone, it has done before it answers this.
    assert not _desktops(owner)[0]["watched"]
    assert jupyter.descriptors_at_rest(before + 5) <= before + 5
