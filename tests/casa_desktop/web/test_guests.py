"""Guests on a full JupyterLab: every route of the running server, asked as somebody who may only look."""

from __future__ import annotations

import json
import re
from contextlib import closing
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Awaitable, Callable, Iterator

import pytest
from jupyter_server.auth import IdentityProvider, User
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.routing import PathMatches, ReversibleRuleRouter, Router, Rule
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from traitlets import TraitError

from casa_desktop.desktop import lifecycle
from casa_desktop.web.guests import FOR_GUESTS, GuestsLook

from ...support.browser import RAW

pytest_plugins = ["pytest_jupyter.jupyter_server"]
# JupyterLab's other extensions are not ours to mend: one that warns would not be loaded.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
Fetch = Callable[..., Awaitable[HTTPResponse]]
# Jupyter answers these to all, before any login: its version, its login and what that looks like.
PUBLIC = {"APIVersionHandler", "FileFindHandler", "LoginFormHandler", "LogoutHandler", "MainHandler"}
GUEST = {"Authorization": "guest"}
# Without notebook_shim, which has no routes, and changes jupyter_server for all servers of a process.
EXTENSIONS = ("casa_desktop", "jupyterlab", "notebook", "jupyter_lsp", "jupyter_server_proxy")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET")


class OwnerAndGuest(IdentityProvider):
    """Knows the owner, whose name is ada, by Jupyter's token, and a guest by saying so."""

    async def get_user(self, handler: Any) -> User | None:
        if handler.request.headers.get("Authorization") == "guest":
            return User("guest")
        known = await super().get_user(handler)  # type: ignore[misc]
        return User("ada") if known else None


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    own = {
        "identity_provider_class": OwnerAndGuest,
        "authorizer_class": "casa_desktop.web.guests.GuestsLook",
        "jpserver_extensions": dict.fromkeys((*EXTENSIONS, "jupyter_server_terminals"), True),
        # An attacker brings a token and a cookie that fit each other.
        "disable_check_xsrf": True,
    }
    return {**jp_server_config, "ServerApp": own, "GuestsLook": {"owners": ["ada"]}}


def _rules(router: Router) -> Iterator[Rule]:
    assert isinstance(router, ReversibleRuleRouter)
    for rule in router.rules:
        if isinstance(rule.target, Router) and not isinstance(rule.target, Application):
            yield from _rules(rule.target)
        elif isinstance(rule.target, type) and isinstance(rule.matcher, PathMatches):
            yield rule


def _routes(application: Application) -> list[tuple[str, type[RequestHandler]]]:
    """Return an address of each of the server's routes, with its handler; some are hidden behind others."""
    found = []
    for rule in _rules(application.default_router):
        # It answers no error, whoever asks: its finish() wants an argument that tornado does not give it.
        if rule.target.__name__ == "LicensesHandler":
            continue
        pattern = rule.matcher.regex  # type: ignore[attr-defined]
        path = _example(parser.parse(pattern.pattern))
        assert pattern.match(path), (pattern, path)
        # Some match any text.
        found.append((path if path.startswith("/") else f"/{path}", rule.target))
    return found


def _example(parts: Any) -> str:
    """Return a text that a regular expression matches, which is given as Python's own parser has read it."""
    return "".join(_piece(*each) for each in parts)


def _piece(operation: Any, value: Any) -> str:
    if operation is parser.LITERAL:
        return chr(value)
    if operation is parser.BRANCH:
        return _example(value[1][0])
    if operation is parser.SUBPATTERN:
        return _example(value[3])
    if operation in (parser.MAX_REPEAT, parser.MIN_REPEAT):
        return _example(value[2]) * max(1 if value[1] else 0, value[0])
    if operation is parser.IN:
        return next(each for each in "0a-/" if re.fullmatch(_class(value), each))
    return "" if operation is parser.AT else "0"


def _class(members: Any) -> str:
    """Return the text of a class of characters, such as ``[^/]``."""
    names = {"CATEGORY_WORD": r"\w", "CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S"}
    words = ""
    for operation, value in members:
        if operation is parser.NEGATE:
            words += "^"
        elif operation is parser.LITERAL:
            words += re.escape(chr(value))
        elif operation is parser.RANGE:
            words += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        else:
            words += names[str(value)]
    return f"[{words}]"


async def _ask(app: Any, path: str, method: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return the status, and the headers and the body as one text; status 0 if the connection is just closed."""
    told = dict(headers)
    if method == "WEBSOCKET":
        keys = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        told |= {"Connection": "Upgrade", "Upgrade": "websocket", **keys}
    request = HTTPRequest(
        f"http://127.0.0.1:{app.port}{path}",
        method="GET" if method == "WEBSOCKET" else method,
        body=b"{}" if method in ("POST", "PUT", "PATCH") else None,
        headers=told,
        follow_redirects=False,
        allow_nonstandard_methods=True,
    )
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    except HTTPStreamClosedError:
        return 0, b""
    return answer.code, str(answer.headers).encode() + (answer.body or b"")


async def test_no_route_of_a_full_jupyterlab_knows_a_guest_but_those_of_what_is_shared(
    fetch: Fetch, jp_serverapp: Any
) -> None:
    token = jp_serverapp.identity_provider.token.encode()
    routes = _routes(jp_serverapp.web_app)
    assert len(routes) > 90
    assert {name for name in EXTENSIONS if any(name in handler.__module__ for _, handler in routes)} >= {
        *("casa_desktop", "jupyterlab", "notebook", "jupyter_lsp", "jupyter_server_proxy"),
    }
    known, public = [], set()
    for path, handler in routes:
        for method in METHODS:
            if method == "WEBSOCKET" and issubclass(handler, FOR_GUESTS):
                continue
            status, words = await _ask(jp_serverapp, path, method, GUEST)
            assert token not in words, (method, path)
            if status in (0, 403) or issubclass(handler, FOR_GUESTS):
                continue
            # What it answers to those who have not even logged in.
            nobody, _ = await _ask(jp_serverapp, path, method, {})
            if status != nobody or status >= 500:
                known.append((method, path, handler, status, nobody))
            if status < 300 and method != "OPTIONS":
                public.add(handler.__name__)
    assert known == []
    assert public <= PUBLIC


@pytest.mark.parametrize("address", ["lab", "tree", "lab/tree/x", "no-such-page", "proxy/{port}/", "proxy/{port}"])
async def test_no_page_and_no_port_is_a_guest_s(fetch: Fetch, jp_fetch: Fetch, address: str) -> None:
    with closing(bind_unused_port()[0]) as free:
        port = free.getsockname()[1]
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch(*address.format(port=port).split("/"), headers=dict(GUEST), follow_redirects=False)
    assert refused.value.code in (403, 404)


@pytest.mark.parametrize(
    "parts", [("shared", "x", ""), ("static", "x"), ("api", "shared", "x"), ("api", "shared", "x", "rfb")]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_error_on_a_guest_s_own_addresses_holds_none_of_jupyter_s_page(
    fetch: Fetch, jp_serverapp: Any, parts: tuple[str, ...], method: str
) -> None:
    body = "{}" if method == "POST" else None
    with pytest.raises(HTTPClientError) as refused:
        await fetch(*parts, method=method, body=body, headers=dict(GUEST))
    said = refused.value.response.body.decode()
    assert refused.value.code in (403, 404, 405)
    assert jp_serverapp.identity_provider.token not in said
    assert len(said) < 500


async def test_a_wrong_link_is_answered_with_what_to_do(fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await fetch("shared", "0" * 43, "", headers=dict(GUEST))
    assert refused.value.code == 404
    assert b"Ask its sender for a new one." in refused.value.response.body


async def test_a_guest_looks_by_a_link_and_the_owner_does_everything(
    fetch: Fetch, view: Any, jp_fetch: Fetch, jp_serverapp: Any
) -> None:
    lifecycle.ensure()
    made = json.loads((await fetch("api", "desktops", "main", "shares", method="POST", body="{}")).body)
    assert (await fetch("shared", made["token"], "", headers=dict(GUEST))).code == 200
    assert (await fetch("static", "index.html", headers=dict(GUEST))).code == 200
    guest = await (await view("shared", made["token"], "rfb", headers=dict(GUEST))).greet(RAW)
    assert await guest.update()
    for parts in (("lab",), ("tree",), ("api", "kernels"), ("api", "contents"), ("casa-desktop", "main", "")):
        assert (await jp_fetch(*parts)).code == 200
    # What the owner runs on a port is his, by the proxy.
    service = Application([("/", _Hello)]).listen(0, "127.0.0.1")
    (listener,) = service._sockets.values()
    port = listener.getsockname()[1]
    assert (await jp_fetch("proxy", str(port), "")).body == b"hello"
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("proxy", str(port), "", headers=dict(GUEST))
    assert refused.value.code == 403
    service.stop()


class _Hello(web.RequestHandler):
    def get(self) -> None:
        self.finish("hello")


async def test_nobody_installs_packages_by_the_extension_manager(fetch: Fetch, jp_fetch: Fetch) -> None:
    body = json.dumps({"cmd": "install", "extension_name": "casa-desktop-no-such-package"})
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("lab", "api", "extensions", method="POST", body=body, headers=dict(GUEST))
    assert refused.value.code == 403
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("lab", "api", "extensions", method="POST", body=body)
    assert refused.value.code == 422
    assert b'"can_install": false' in (await jp_fetch("lab")).body


def test_without_the_owner_s_name_no_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    with pytest.raises(TraitError, match=r"c\.GuestsLook\.owners"):
        GuestsLook(identity_provider=IdentityProvider())
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert GuestsLook(identity_provider=IdentityProvider()).owners == ["ada"]
