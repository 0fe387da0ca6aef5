"""The page on a real Jupyter server: what it brings with it, and what the request for it sets going."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from jupyter_server.auth import Authorizer, User
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.runtime import directory
from casa_desktop.system import locks
from casa_desktop.views.closing import GONE
from casa_desktop.views.page import PAGE_FOLDER
from casa_desktop.web import metrics
from casa_desktop.web.state import reception

from ...support.browser import RAW, Browser

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]
# What Chromium and Firefox say when a person opens an address.
OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


class ReadersMayNotStart(Authorizer):
    """Lets a user who says so read only."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        return action == "read" or "X-Reader" not in handler.request.headers


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    own = {"authorizer_class": ReadersMayNotStart}
    return {**jp_server_config, "ServerApp": {**jp_server_config["ServerApp"], **own}}


def _config(answer: HTTPResponse) -> dict[str, Any]:
    found = re.search(r'<script id="casa-desktop-config"[^>]*>(.*?)</script>', answer.body.decode())
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config


def _starts() -> float:
    """Return how many desktops this process has started."""
    return next(
        each.value for each in metrics.START_SECONDS.collect()[0].samples if each.name.endswith("seconds_count")
    )


def _is_starting() -> bool:
    """Return whether the server, which shares this loop, has begun to start a desktop."""
    return any(getattr(each.get_coro(), "__qualname__", "") == "_start" for each in asyncio.all_tasks())


async def test_desktop_is_started_once_by_the_request_for_its_page_and_the_page_s_own(fetch: Fetch) -> None:
    before = _starts()
    page = await fetch(headers={**OPENED})
    assert _config(page).get("desktop") is None
    # The page may open the desktop's websocket already.
    assert _config(page)["websocket"] == "/a%40b/casa-desktop/api/desktops/main/rfb"
    # The start has begun without the page's script.
    assert _is_starting() or registry.find() is not None
    answer = await fetch("api", "desktops", method="POST", body='{"name": "main"}')
    assert json.loads(answer.body)["name"] == "main"
    assert _starts() == before + 1
    assert registry.running().name == "main"


async def test_page_of_a_running_desktop_tells_it_as_the_interface_does(fetch: Fetch) -> None:
    lifecycle.ensure("second")
    config = _config(await fetch("second", headers={**OPENED}))
    told = config["desktop"]
    assert config["websocket"] == told["websocket"]
    assert told == json.loads((await fetch("api", "desktops", "second")).body)
    assert registry.find("main") is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**OPENED, "Sec-Purpose": "prefetch;prerender"},
        {**OPENED, "Purpose": "prefetch"},
        {**OPENED, "X-Moz": "prefetch"},
        {**OPENED, "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {**OPENED, "X-Reader": "yes"},
    ],
)
async def test_nothing_is_started_for_what_no_person_opens_or_may_start(fetch: Fetch, headers: dict[str, str]) -> None:
    config = _config(await fetch(headers={**headers}))
    assert config.get("desktop") is None
    assert "websocket" not in config
    assert not _is_starting()
    assert registry.find() is None


async def test_page_is_there_and_its_request_tells_the_reason_where_a_desktop_cannot_start(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _config(await fetch(headers={**OPENED})).get("desktop") is None
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", method="POST", body="{}")
    assert "tigervnc-standalone-server" in json.loads(refused.value.response.body)["message"]


async def test_page_names_all_its_scripts_and_browsers_may_keep_them(fetch: Fetch) -> None:
    html = (await fetch()).body.decode()
    named = set(re.findall(r'(?:src|href)="/a%40b/casa-desktop/static/([^"]+)"', html))
    scripts = {str(each.relative_to(PAGE_FOLDER)) for each in PAGE_FOLDER.glob("assets/*.js")}
    assert scripts == {each for each in named if each.endswith(".js")}
    for each in named:
        [kept] = (await fetch("static", *each.split("/"))).headers.get_list("Cache-Control")
        # The icon's name stays the same when it changes.
        assert ("immutable" in kept) is not each.endswith(".svg")
        assert "public" not in kept


async def test_websocket_that_the_page_opens_at_once_waits_for_the_start(fetch: Fetch, view: View) -> None:
    with locks.exclusive(directory.runtime_root(), 10):
        await fetch(headers={**OPENED})
        browser = await view()
        assert registry.find() is None
    assert await (await browser.greet(RAW)).update(20, 10)


async def test_websocket_that_waits_for_a_start_in_vain_is_told_the_reason(
    fetch: Fetch, view: View, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with locks.exclusive(directory.runtime_root(), 10):
        monkeypatch.setenv("PATH", str(tmp_path))
        await fetch(headers={**OPENED})
        browser = await view()
    _, reason = await browser.closed()
    assert reason.startswith("No X server was found")


async def test_desktop_starts_though_the_browser_that_waits_for_it_leaves(
    fetch: Fetch, view: View, jp_serverapp: Any
) -> None:
    with locks.exclusive(directory.runtime_root(), 10):
        await fetch(headers={**OPENED})
        (await view()).websocket.close()
    # The answer comes when the start is over; what waits for it goes on in the same turn of the loop.
    await fetch("api", "desktops", method="POST", body="{}")
    assert registry.find() is not None
    assert reception(jp_serverapp.web_app.settings).audience.controller("main") is None


async def test_websocket_starts_no_desktop(fetch: Fetch, view: View) -> None:
    browser = await view()
    assert await browser.closed() == (GONE, "The desktop is not running.")
    assert registry.find() is None
