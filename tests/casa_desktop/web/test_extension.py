"""The routes on a real Jupyter server, with a real desktop behind them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from PIL import Image
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.views import share_links
from casa_desktop.web import extension

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]


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
    assert (len(model["server"]), model["watched"]) == (32, False)
    assert "idleMinutes" in model
    again = await fetch("api", "desktops", method="POST", body="")
    assert (again.code, _json(again)) == (200, model)
    assert _json(await fetch("api", "desktops")) == {"desktops": [model]}
    assert _json(await fetch("api", "desktops", "main")) == model
    picture = await fetch("api", "desktops", "main", "screenshot.png")
    assert picture.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(picture.body)).size == (1600, 900)
    assert (await fetch("api", "desktops", "main", method="DELETE")).code == 204
    assert registry.find() is None


@pytest.mark.parametrize(
    ("method", "parts", "body", "status", "error"),
    [
        ("GET", ("main",), None, 404, "NotRunning"),
        ("DELETE", ("main",), None, 404, "NotRunning"),
        ("GET", ("main", "screenshot.png"), None, 404, "NotRunning"),
        ("GET", ("..%2Fx",), None, 400, "InvalidName"),
        ("POST", (), '{"name": "../x"}', 400, "InvalidName"),
        ("POST", (), '{"name": 7}', 400, "InvalidName"),
        ("POST", (), '{"name": "shared"}', 400, "InvalidName"),
        ("GET", ("main", "shares"), None, 404, "NotRunning"),
        ("POST", ("main", "shares"), "{}", 404, "NotRunning"),
        ("DELETE", ("main", "shares", "0123456789abcdef"), None, 404, "NotRunning"),
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
    assert registry.list_desktops() == []


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
    name = (*parts, "main")[0]
    assert json.loads(config) == {"baseUrl": "/a%40b/", "name": name, "token": "", "share": "", "lab": True}
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
        "casa-desktop/api/desktops/main/shares",
        "casa-desktop/api/desktops/main/shares/0123456789abcdef",
        "casa-desktop/api/resources",
        "casa-desktop/shared/{token}/",
        "casa-desktop/api/shared/{token}",
        "casa-desktop/api/shared/{token}/rfb",
        "casa-desktop/api/jobs",
        "casa-desktop/api/jobs/parameters",
        "casa-desktop/api/jobs/reduce-1",
        "casa-desktop/api/jobs/reduce-1/stop",
        "casa-desktop/api/jobs/reduce-1/log",
        "casa-desktop/api/job-outputs/reduce-1.ipynb",
        "casa-desktop/uws/jobs",
        "casa-desktop/uws/jobs/reduce-1",
        "casa-desktop/uws/jobs/reduce-1/phase",
        "casa-desktop/uws/jobs/reduce-1/parameters",
        "casa-desktop/uws/jobs/reduce-1/results/output",
    ]


@pytest.mark.parametrize("path", _paths())
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
async def test_every_route_refuses_who_jupyter_does_not_know(
    root: Path, path: str, headers: dict[str, str], http_server_client: Any, jp_base_url: str
) -> None:
    _, token = share_links.create(lifecycle.ensure())
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(jp_base_url + path.format(token=token), headers=headers, follow_redirects=False)
    # A single link and the stop of a job cannot be asked for, by anybody.
    assert refused.value.code in ((405,) if path.endswith(("abcdef", "stop")) else (302, 403))


@pytest.mark.parametrize(
    ("method", "parts", "body"),
    [
        ("POST", (), "{}"),
        ("DELETE", ("main",), None),
        ("POST", ("main", "shares"), "{}"),
        ("DELETE", ("main", "shares", "{id}"), None),
    ],
)
async def test_nobody_changes_anything_whom_jupyter_does_not_know(
    fetch: Fetch, method: str, parts: tuple[str, ...], body: str | None
) -> None:
    record = lifecycle.ensure()
    share, _ = share_links.create(record)
    words = [each.format(id=share.id) for each in parts]
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", *words, method=method, body=body, headers={"Authorization": "token wrong"})
    assert refused.value.code == 403
    assert registry.list_desktops() == [record]
    assert share_links.valid(record) == [share]


async def test_what_pages_ask_by_themselves_is_no_activity_for_a_hub(fetch: Fetch, jp_serverapp: Any) -> None:
    settings = jp_serverapp.web_app.settings
    await fetch("api", "desktops", method="POST", body="{}")
    before = settings.pop("api_last_activity")
    for parts in ((), ("main",), ("main", "shares"), ("main", "screenshot.png")):
        await fetch("api", "desktops", *parts)
    assert "api_last_activity" not in settings
    await fetch("api", "desktops", "main", method="DELETE")
    assert settings["api_last_activity"] > before


def test_the_routes_above_are_all_routes() -> None:
    assert len(extension.routes("/")) == len(_paths())


async def test_kernels_are_told_where_the_page_is(fetch: Fetch) -> None:
    assert os.environ["CASA_DESKTOP_URL"] == "/a%40b/casa-desktop/"
    assert os.environ["CASA_DESKTOP_URL_SERVER"] == str(os.getpid())
