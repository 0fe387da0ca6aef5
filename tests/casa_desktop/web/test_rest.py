"""Links by which others may look, on a real Jupyter server that knows an owner and a guest."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from jupyter_server.auth import Authorizer, IdentityProvider, User
from tornado.httpclient import HTTPClientError, HTTPResponse

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.views import share_links

from ...support.browser import RAW, Browser, key

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]
GUEST = {"Authorization": "guest"}


class OwnerAndGuest(IdentityProvider):
    """Knows the owner by Jupyter's token, and a guest by saying so."""

    async def get_user(self, handler: Any) -> User | None:
        if handler.request.headers.get("Authorization") == "guest":
            return User("guest")
        return await super().get_user(handler)  # type: ignore[no-any-return, misc]


class GuestsLook(Authorizer):
    """Lets guests look at shared desktops, and nothing else."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        return user.username != "guest" or (action, resource) == ("read", "casa-desktop-share")


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    own = {"identity_provider_class": OwnerAndGuest, "authorizer_class": GuestsLook}
    return {**jp_server_config, "ServerApp": {**jp_server_config["ServerApp"], **own}}


def _json(response: HTTPResponse) -> Any:
    return json.loads(response.body)


async def _share(fetch: Fetch, body: str = "{}") -> dict[str, Any]:
    lifecycle.ensure()
    answer = await fetch("api", "desktops", "main", "shares", method="POST", body=body)
    assert answer.code == 201
    made: dict[str, Any] = _json(answer)
    return made


async def test_the_owner_makes_lists_and_withdraws_links(fetch: Fetch) -> None:
    made = await _share(fetch, '{"minutes": 5, "label": "for Ada"}')
    assert made["url"] == f"/a%40b/casa-desktop/shared/{made['token']}/"
    listed = {"id": made["id"], "label": "for Ada", "expires": made["expires"], "views": 0}
    assert _json(await fetch("api", "desktops", "main", "shares")) == {"shares": [listed]}
    gone = await fetch("api", "desktops", "main", "shares", made["id"], method="DELETE")
    assert gone.code == 204
    assert _json(await fetch("api", "desktops", "main", "shares")) == {"shares": []}
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", "main", "shares", made["id"], method="DELETE")
    assert refused.value.code == 404
    assert _json(refused.value.response)["error"] == "NoSuchShare"


@pytest.mark.parametrize("body", ['{"minutes": 0}', '{"minutes": 1441}', '{"minutes": "x"}', '{"label": 7}', "[]"])
async def test_what_cannot_be_shared_is_refused(fetch: Fetch, body: str) -> None:
    lifecycle.ensure()
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "desktops", "main", "shares", method="POST", body=body)
    assert refused.value.code == 400


async def test_an_administrator_shortens_the_life_of_links_or_forbids_them(fetch: Fetch, jp_serverapp: Any) -> None:
    choices = jp_serverapp.web_app.settings["casa_desktop"]
    choices.share_minutes = 10
    made = await _share(fetch)
    record = registry.find()
    assert record is not None
    assert share_links.valid(record)[0].expires <= time.time() + 600
    for most, minutes, code in ((10, 11, 400), (0, 1, 403)):
        choices.share_minutes = most
        with pytest.raises(HTTPClientError) as refused:
            await fetch("api", "desktops", "main", "shares", method="POST", body=f'{{"minutes": {minutes}}}')
        assert refused.value.code == code
    assert share_links.find(made["token"])


async def test_a_guest_looks_by_the_link_and_at_nothing_else(fetch: Fetch, view: View) -> None:
    made = await _share(fetch)
    told = _json(await fetch("api", "shared", made["token"], headers=dict(GUEST)))
    assert told == {
        "name": "main",
        "state": "running",
        "websocket": f"/a%40b/casa-desktop/api/shared/{made['token']}/rfb",
        "expires": made["expires"],
        "viewOnly": True,
        "server": told["server"],
    }
    page = await fetch("shared", made["token"], "", headers=dict(GUEST))
    config = json.loads(page.body.decode().split('type="application/json">')[1].split("</script>")[0])
    assert config == {"baseUrl": "/a%40b/", "name": "main", "token": "", "share": made["token"], "lab": True}
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert (await fetch("static", "index.html", headers=dict(GUEST))).code == 200
    guest = await (await view("shared", made["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    assert (await guest.hear("audience"))["viewOnly"]
    assert len(await guest.update(10, 10)) == 400
    assert _json(await fetch("api", "desktops", "main", "shares"))["shares"][0]["views"] == 1


@pytest.mark.parametrize(
    ("method", "parts", "body"),
    [
        ("GET", ("",), None),
        ("GET", ("main", ""), None),
        ("GET", ("api", "desktops"), None),
        ("POST", ("api", "desktops"), "{}"),
        ("GET", ("api", "desktops", "main"), None),
        ("DELETE", ("api", "desktops", "main"), None),
        ("GET", ("api", "desktops", "main", "screenshot.png"), None),
        ("GET", ("api", "desktops", "main", "rfb"), None),
        ("GET", ("api", "desktops", "main", "shares"), None),
        ("POST", ("api", "desktops", "main", "shares"), "{}"),
        ("DELETE", ("api", "desktops", "main", "shares", "{id}"), None),
    ],
)
async def test_a_guest_gets_nothing_but_what_is_shared(
    fetch: Fetch, method: str, parts: tuple[str, ...], body: str | None
) -> None:
    made = await _share(fetch)
    # The owner has asked before, and it must not be remembered who was let in.
    await fetch("static", "index.html")
    words = [each.format(id=made["id"]) for each in parts]
    with pytest.raises(HTTPClientError) as refused:
        await fetch(*words, method=method, body=body, headers=dict(GUEST))
    assert refused.value.code == 403


async def test_a_guest_does_not_get_in_by_the_owner_s_websocket(fetch: Fetch, view: View) -> None:
    await _share(fetch)
    with pytest.raises(HTTPClientError) as refused:
        await view(headers=dict(GUEST))
    assert refused.value.code == 403


async def test_a_link_is_no_login(fetch: Fetch, view: View) -> None:
    made = await _share(fetch)
    with pytest.raises(HTTPClientError) as refused:
        await view("shared", made["token"], "rfb", headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


@pytest.mark.parametrize("token", ["x", "..%2F..", "0" * 200])
async def test_a_wrong_link_shows_nothing(fetch: Fetch, view: View, token: str) -> None:
    lifecycle.ensure()
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "shared", token, headers=dict(GUEST))
    assert (refused.value.code, _json(refused.value.response)["error"]) == (404, "NoSuchShare")
    with pytest.raises(HTTPClientError) as refused:
        await fetch("shared", token, "", headers=dict(GUEST))
    assert refused.value.code == 404
    assert (await (await view("shared", token, "rfb", headers=dict(GUEST))).closed())[0] == 4403


async def test_who_looks_by_a_withdrawn_link_is_put_out_and_nobody_else(fetch: Fetch, view: View) -> None:
    made, other = await _share(fetch), await _share(fetch)
    own = await (await view()).greet(RAW)
    guest = await (await view("shared", made["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    another = await (await view("shared", other["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    await fetch("api", "desktops", "main", "shares", made["id"], method="DELETE")
    assert await guest.closed() == (4403, "This link was withdrawn.")
    for each in (own, another):
        assert await each.update()


async def test_a_link_withdrawn_by_another_server_ends_its_connections_too(fetch: Fetch, view: View) -> None:
    made = await _share(fetch)
    guest = await (await view("shared", made["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    record = registry.find()
    assert record is not None
    share_links.withdraw(record, made["id"])
    assert await guest.closed() == (4403, "This link was withdrawn.")


async def test_who_looks_is_put_out_when_the_link_expires(fetch: Fetch, view: View, root: Path) -> None:
    made = await _share(fetch, '{"minutes": 1}')
    record, share = share_links.find(made["token"])
    path = root / "main" / "shares" / f"{share.id}.json"
    fields = json.loads(path.read_text())
    # A minute is too long for a test: let it end in a moment.
    path.write_text(json.dumps({**fields, "expires": fields["expires"] - 59.5}))
    guest = await (await view("shared", made["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    guest.send(key(0x61))
    assert await guest.closed() == (4403, "This link has expired.")
    assert share_links.valid(record) == []


async def test_a_link_survives_the_server_and_not_the_desktop(fetch: Fetch, view: View, jp_serverapp: Any) -> None:
    made = await _share(fetch)
    # All that a server knows of links by itself is gone with its reception.
    settings = jp_serverapp.web_app.settings
    del settings["casa_desktop_reception"]
    assert _json(await fetch("api", "shared", made["token"], headers=dict(GUEST)))["name"] == "main"
    guest = await view("shared", made["token"], "rfb", headers=dict(GUEST))
    await asyncio.to_thread(lifecycle.stop)
    assert (await guest.closed())[0] == 1013
    with pytest.raises(HTTPClientError) as refused:
        await fetch("api", "shared", made["token"], headers=dict(GUEST))
    assert refused.value.code == 404
