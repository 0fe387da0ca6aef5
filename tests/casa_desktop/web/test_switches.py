"""What an administrator has switched off is refused by the server, whatever a page or another client sends."""

from __future__ import annotations

import asyncio
import html
import json
import struct
import zlib
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse
from Xlib import X
from Xlib.display import Display

from casa_desktop.desktop import lifecycle
from casa_desktop.views import share_links

from ...support.browser import CLIPBOARD, RAW, Browser, cut_text
from ...support.clipboard_owner import copied

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]
REQUEST, PEEK, NOTIFY, PROVIDE = (1 << bit for bit in range(25, 29))
ALL = 1 << 24 | REQUEST | PEEK | NOTIFY | PROVIDE | 1


def extended(flags: int, rest: bytes = b"") -> bytes:
    return struct.pack(">B3xiI", 6, -4 - len(rest), flags) + rest


def provided(text: bytes) -> bytes:
    packer = zlib.compressobj()
    packed = packer.compress(struct.pack(">I", len(text) + 1) + text + b"\0") + packer.flush(zlib.Z_FULL_FLUSH)
    return extended(PROVIDE | 1, packed)


@pytest.fixture
def choices(fetch: Fetch, jp_serverapp: Any) -> Any:
    """The administrator's settings, on a server that runs."""
    return jp_serverapp.web_app.settings["casa_desktop"]


def _owns(display: Display) -> bool:
    """Return whether some program has the desktop's clipboard: Xvnc, if a browser has announced a text."""
    display.sync()
    return bool(display.get_selection_owner(display.intern_atom("CLIPBOARD")) != X.NONE)


@pytest.mark.parametrize("extension", [True, False], ids=["extended", "plain"])
@pytest.mark.parametrize("into", [True, False])
async def test_the_browser_s_clipboard_reaches_the_desktop_only_where_it_may(
    display: Display, view: View, choices: Any, into: bool, extension: bool
) -> None:
    choices.clipboard_in = into
    browser = await (await view()).greet(RAW, *[CLIPBOARD] * extension)
    await browser.update()
    if extension:
        browser.send(extended(ALL, struct.pack(">I", 1 << 20)))
        browser.send(extended(NOTIFY | 1))
        browser.send(provided(b"from the browser"))
    else:
        browser.send(cut_text(b"from the browser"))
    await browser.update()
    assert _owns(display) is into
    # All else goes on.
    assert len(await browser.update(10, 10)) == 400


@pytest.mark.parametrize("into", [True, False])
@pytest.mark.parametrize("extension", [True, False], ids=["extended", "plain"])
async def test_the_desktop_s_clipboard_does_not_reach_the_browser_where_it_may_not(
    display: Display, view: View, choices: Any, extension: bool, into: bool
) -> None:
    choices.clipboard_out, choices.clipboard_in = False, into
    closed = await (await view()).greet(RAW, *[CLIPBOARD] * extension)
    if extension:
        # It says that it takes all there is, unasked.
        closed.send(extended(ALL, struct.pack(">I", 1 << 20)))
    await closed.update()
    choices.clipboard_out = True
    open_to_all = await (await view()).greet(RAW)
    await open_to_all.update()
    async with copied("PRIMARY", "CLIPBOARD"):
        while await open_to_all.message() != (3, b"a secret"):
            pass
        for asked in (REQUEST | 1, PEEK):
            closed.send(extended(asked))
        await closed.update()
        await open_to_all.update()
        await closed.update()
    assert b"a secret" not in closed.received
    # It may be told that there is a text: flags without content. Packed content would be longer.
    assert not [each for each in _messages(closed.received) if each[0] & PROVIDE >> 24 and len(each) > 8]


def _messages(received: bytes) -> list[bytes]:
    """Return what may be the extended clipboard's messages in a stream of black pixels, without their heads."""
    found = []
    for at in range(len(received) - 8):
        if received[at : at + 4] == b"\3\0\0\0" and received[at + 4] == 0xFF:
            (length,) = struct.unpack_from(">i", received, at + 4)
            found.append(received[at + 8 : at + 8 - length])
    return found


async def test_a_text_still_goes_in_where_only_the_way_out_is_closed(
    display: Display, view: View, choices: Any
) -> None:
    choices.clipboard_out = False
    browser = await (await view()).greet(RAW, CLIPBOARD)
    browser.send(extended(ALL, struct.pack(">I", 1 << 20)))
    browser.send(extended(NOTIFY | 1))
    await browser.update()
    window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    # A program on the desktop pastes: Xvnc asks the browser for the text, and hands it on.
    name = display.intern_atom
    window.convert_selection(name("CLIPBOARD"), name("UTF8_STRING"), name("OURS"), X.CurrentTime)
    display.flush()
    while not [each for each in _messages(browser.received) if each[0] == REQUEST >> 24]:
        await browser.update()
    browser.send(provided(b"from the browser"))
    await browser.update()
    while (event := await asyncio.to_thread(display.next_event)).type != X.SelectionNotify:
        pass
    assert window.get_full_property(event.property, X.AnyPropertyType).value == b"from the browser"


@pytest.mark.parametrize(
    ("switched", "lacks"),
    [
        ({}, []),
        ({"clipboard_in": False}, ["clipboard-in"]),
        ({"clipboard_in": False, "clipboard_out": False}, ["clipboard-in", "clipboard-out"]),
        ({"uploads": False, "downloads": False, "sharing": False}, ["uploads", "downloads", "shares"]),
        ({"share_minutes": 0}, ["shares"]),
    ],
)
async def test_the_page_is_told_what_is_switched_off(
    fetch: Fetch, choices: Any, switched: dict[str, Any], lacks: list[str]
) -> None:
    for name, value in switched.items():
        setattr(choices, name, value)
    model = json.loads((await fetch("api", "desktops", method="POST", body="{}")).body)
    assert model["lacks"] == lacks


async def _refused(asked: Awaitable[HTTPResponse]) -> str:
    """Return the body of an answer that refuses with 403."""
    with pytest.raises(HTTPClientError) as refused:
        await asked
    assert refused.value.code == 403
    assert refused.value.response is not None
    return html.unescape(refused.value.response.body.decode())


async def test_without_sharing_no_link_is_made_and_none_is_followed(fetch: Fetch, view: View, choices: Any) -> None:
    record = lifecycle.ensure()
    _, token = share_links.create(record)
    assert (await fetch("api", "shared", token)).code == 200
    choices.sharing = False
    for asked in (
        fetch("api", "desktops", "main", "shares", method="POST", body="{}"),
        fetch("api", "shared", token),
        fetch("shared", token, ""),
    ):
        assert "Links to look at desktops are switched off on this server." in await _refused(asked)
    code, reason = await (await view("shared", token, "rfb")).closed()
    assert (code, "switched off" in reason) == (4403, True)
    # The owner sees the desktop, and may withdraw what there is.
    assert len(await (await (await view()).greet(RAW)).update(10, 10)) == 400
    (share,) = share_links.valid(record)
    assert (await fetch("api", "desktops", "main", "shares", share.id, method="DELETE")).code == 204


async def test_snapshots_are_not_sent_where_downloads_are_switched_off(fetch: Fetch, choices: Any) -> None:
    lifecycle.ensure()
    choices.downloads = False
    told = json.loads(await _refused(fetch("api", "desktops", "main", "screenshot.png")))
    assert told["error"] == "SwitchedOff"
    assert told["message"].startswith("Downloads of files are switched off on this server.")
    choices.downloads = True
    assert (await fetch("api", "desktops", "main", "screenshot.png")).code == 200


class TestJupyterFiles:
    """Files of a server that was started with both switches off."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        return {**jp_server_config, "CasaDesktop": {"uploads": False, "downloads": False}}

    async def test_jupyter_s_own_addresses_send_no_file(self, fetch: Fetch, jp_fetch: Fetch, jp_root_dir: Path) -> None:
        (jp_root_dir / "data.txt").write_text("of the server")
        (jp_root_dir / "a.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
        for parts in (("files", "data.txt"), ("files", "none"), ("nbconvert", "html", "a.ipynb")):
            told = await _refused(jp_fetch(*parts, params={"download": "1"}))
            assert "Downloads of files are switched off on this server." in told
            assert "of the server" not in told
        told = await _refused(jp_fetch("nbconvert", "html", method="POST", body='{"type": "notebook"}'))
        assert "Downloads of files are switched off on this server." in told

    async def test_results_of_jobs_are_not_sent(self, fetch: Fetch) -> None:
        told = await _refused(fetch("uws", "jobs", "any-1", "results", "log"))
        assert "Downloads of files are switched off on this server." in told

    async def test_a_file_is_not_uploaded_and_what_jupyterlab_saves_is_saved(
        self, fetch: Fetch, jp_fetch: Fetch, jp_root_dir: Path
    ) -> None:
        def put(name: str, **model: Any) -> Awaitable[HTTPResponse]:
            return jp_fetch("api", "contents", name, method="PUT", body=json.dumps({"type": "file", **model}))

        for model in (
            {"format": "base64", "content": "eA=="},
            {"format": "base64", "content": "eA==", "chunk": 1},
            {"format": "text", "content": "x", "chunk": -1},
        ):
            told = json.loads(await _refused(put("new.bin", **model)))
            assert told["message"].startswith("Uploads of files are switched off on this server.")
        assert list(jp_root_dir.iterdir()) == []
        notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        assert (await put("a.ipynb", type="notebook", format="json", content=notebook)).code == 201
        assert (await put("a.txt", format="text", content="saved")).code == 201
        assert (jp_root_dir / "a.txt").read_text() == "saved"
        assert json.loads((await jp_fetch("api", "contents", "a.txt")).body)["content"] == "saved"

    @pytest.mark.parametrize("parts", [("files", "data.txt"), ("nbconvert", "html", "a.ipynb")])
    async def test_who_is_not_known_is_told_nothing_of_switches(
        self, fetch: Fetch, http_server_client: Any, jp_base_url: str, parts: tuple[str, ...]
    ) -> None:
        with pytest.raises(HTTPClientError) as refused:
            await http_server_client.fetch(jp_base_url + "/".join(parts), follow_redirects=False)
        assert refused.value.code in (302, 403)
        assert b"switched off" not in refused.value.response.body
