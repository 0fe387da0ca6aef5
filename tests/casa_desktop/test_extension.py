"""The routes on a real Jupyter server, with a real desktop behind them."""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import os
import signal
import struct
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from PIL import Image
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import websocket_connect

from casa_desktop import extension, locks, session

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    return {**jp_server_config, "ServerApp": {"jpserver_extensions": {"casa_desktop": True}}}


@pytest.fixture
def fetch(root: Path, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """``jp_fetch`` below ``casa-desktop``, on a runtime directory of its own."""
    monkeypatch.setenv("CASA_DESKTOP_URL", os.environ.get("CASA_DESKTOP_URL", ""))

    async def get(*parts: str, **options: Any) -> HTTPResponse:
        return await jp_fetch("casa-desktop", *parts, **options)

    return get


def _json(response: HTTPResponse) -> Any:
    return json.loads(response.body)


async def test_a_desktop_is_started_listed_told_photographed_and_stopped(fetch: Fetch) -> None:
    assert _json(await fetch("api", "desktops")) == {"desktops": []}
    started = await fetch("api", "desktops", method="POST", body='{"name": "main"}')
    assert started.code == 201
    model = _json(started)
    assert model["state"] == "running"
    assert model["page"] == "/a%40b/casa-desktop/main/"
    assert model["websocket"] == "/a%40b/casa-desktop/api/desktops/main/rfb"
    again = await fetch("api", "desktops", method="POST", body="")
    assert (again.code, _json(again)) == (200, model)
    assert _json(await fetch("api", "desktops")) == {"desktops": [model]}
    assert _json(await fetch("api", "desktops", "main")) == model
    picture = await fetch("api", "desktops", "main", "screenshot.png")
    assert picture.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(picture.body)).size == (1600, 900)
    assert (await fetch("api", "desktops", "main", method="DELETE")).code == 204
    assert session.find() is None


@pytest.mark.parametrize(
    ("method", "parts", "body", "status", "error"),
    [
        ("GET", ("main",), None, 404, "NotRunning"),
        ("DELETE", ("main",), None, 404, "NotRunning"),
        ("GET", ("main", "screenshot.png"), None, 404, "NotRunning"),
        ("GET", ("..%2Fx",), None, 400, "InvalidName"),
        ("POST", (), '{"name": "../x"}', 400, "InvalidName"),
        ("POST", (), '{"name": 7}', 400, "InvalidName"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_a_name_and_a_sentence(
    fetch: Fetch, method: str, parts: tuple[str, ...], body: str | None, status: int, error: str
) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", *parts, method=method, body=body)
    assert refused.value.code == status
    answer = _json(refused.value.response)
    assert answer["error"] == error
    assert answer["message"].endswith(".")


@pytest.mark.parametrize("body", ["{", "[]", "7"])
async def test_a_malformed_body_is_refused(fetch: Fetch, body: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", method="POST", body=body)
    assert refused.value.code == 400
    assert session.list_desktops() == []


async def test_a_missing_x_server_reaches_the_page_as_a_sentence(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "icewm").symlink_to("/usr/bin/icewm")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", method="POST", body="{}")
    assert refused.value.code == 500
    assert _json(refused.value.response)["error"] == "XServerMissing"
    assert "tigervnc-standalone-server" in _json(refused.value.response)["message"]


@pytest.mark.parametrize("parts", [(), ("main",), ("m31",)])
async def test_the_page_is_told_which_desktop_to_show(fetch: Fetch, parts: tuple[str, ...]) -> None:
    page = (await fetch(*parts, "")).body.decode()
    config = page.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(config) == {"baseUrl": "/a%40b/", "name": (*parts, "main")[0], "token": ""}
    assert "{{" not in page
    script = next(part for part in page.split('"') if part.endswith(".js"))
    assert script.startswith("/a%40b/casa-desktop/static/")


async def test_no_page_is_served_for_a_bad_name(fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await fetch("%2e%2e%2fx", "")
    assert refused.value.code == 404


async def test_files_outside_the_page_s_folder_are_not_served(fetch: Fetch) -> None:
    assert (await fetch("static", "index.html")).code == 200
    for path in ("../../errors.py", "%2e%2e/%2e%2e/errors.py", "/etc/passwd"):
        with pytest.raises(HTTPClientError) as refused:
            await fetch("static", path)
        assert refused.value.code in (403, 404)


def _paths() -> list[str]:
    return [
        "casa-desktop/",
        "casa-desktop/main/",
        "casa-desktop/static/index.html",
        "casa-desktop/api/desktops",
        "casa-desktop/api/desktops/main",
        "casa-desktop/api/desktops/main/screenshot.png",
        "casa-desktop/api/desktops/main/rfb",
    ]


@pytest.mark.parametrize("path", _paths())
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
async def test_every_route_refuses_who_jupyter_does_not_know(
    root: Path, path: str, headers: dict[str, str], http_server_client: Any, jp_base_url: str
) -> None:
    session.ensure()
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(jp_base_url + path, headers=headers, follow_redirects=False)
    assert refused.value.code in (302, 403)


def test_the_routes_above_are_all_routes() -> None:
    assert len(extension.routes("/")) == len(_paths())


async def test_the_websocket_speaks_rfb(fetch: Fetch, jp_ws_fetch: Any) -> None:
    session.ensure()
    connection = await jp_ws_fetch("casa-desktop", "api", "desktops", "main", "rfb")
    assert (await connection.read_message())[:4] == b"RFB "
    connection.close()


async def test_a_desktop_is_watched_for_as_long_as_a_browser_is_connected(fetch: Fetch, jp_ws_fetch: Any) -> None:
    assert not session.is_watched()
    session.ensure()
    assert not session.is_watched()
    browsers = [await jp_ws_fetch("casa-desktop", "api", "desktops", "main", "rfb") for _ in range(2)]
    for browser in browsers:
        await browser.read_message()
        assert session.is_watched()
        browser.close()
    await asyncio.to_thread(_wait_until_nobody_shares, session.runtime.places("main").record)
    assert not session.is_watched()


def _wait_until_nobody_shares(file: Path) -> None:
    # F_OFD_SETLKW, which fcntl does not name before Python 3.9: wait until the lock can be had.
    with file.open("r+b") as opened:
        fcntl.fcntl(opened, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))


async def test_the_websocket_is_refused_to_strangers(fetch: Fetch, jp_ws_fetch: Any) -> None:
    session.ensure()
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("casa-desktop", "api", "desktops", "main", "rfb", headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


@pytest.mark.parametrize(("origin", "accepted"), [("https://example.org", False), (None, True)])
async def test_a_cookie_opens_the_websocket_from_our_own_page_only(
    fetch: Fetch, http_server_port: tuple[Any, int], jp_base_url: str, origin: str | None, accepted: bool
) -> None:
    session.ensure()
    page = await fetch("")
    cookies = "; ".join(each.split(";")[0] for each in page.headers.get_list("Set-Cookie"))
    place = f"127.0.0.1:{http_server_port[1]}"
    request = HTTPRequest(
        f"ws://{place}{jp_base_url}casa-desktop/api/desktops/main/rfb",
        headers={"Cookie": cookies, "Origin": origin or f"http://{place}"},
    )
    if accepted:
        connection = await websocket_connect(request)
        assert await connection.read_message()
        connection.close()
        return
    with pytest.raises(HTTPClientError) as refused:
        await websocket_connect(request)
    assert refused.value.code == 403


async def test_the_websocket_closes_when_the_desktop_ends(fetch: Fetch, jp_ws_fetch: Any) -> None:
    record = session.ensure()
    connection = await jp_ws_fetch("casa-desktop", "api", "desktops", "main", "rfb")
    await connection.read_message()
    os.kill(record.supervisor_pid, signal.SIGTERM)
    assert await connection.read_message() is None
    connection.close()
    assert locks.wait_until_free(Path(record.rfb_socket).parent, 10)


async def test_the_websocket_to_no_desktop_closes_with_a_reason(fetch: Fetch, jp_ws_fetch: Any) -> None:
    connection = await jp_ws_fetch("casa-desktop", "api", "desktops", "main", "rfb")
    assert await connection.read_message() is None
    assert connection.close_code == 1013
    assert "not running" in connection.close_reason
    connection.close()


async def test_kernels_are_told_where_the_page_is(fetch: Fetch) -> None:
    assert os.environ["CASA_DESKTOP_URL"] == "/a%40b/casa-desktop/"
