"""What an administrator has switched off is refused by the server, whatever a page or another client sends."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import zlib
from typing import Any, Awaitable, Callable

import pytest
from tornado.httpclient import HTTPResponse
from Xlib import X
from Xlib.display import Display

from ...support.browser import CLIPBOARD, RAW, Browser, cut_text

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[HTTPResponse]]
View = Callable[..., Awaitable[Browser]]
# A program that copies a text, and gives it to all who ask.
COPIES = """
import os
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol.event import SelectionNotify
display = Display()
window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
atom = display.intern_atom
for name in ("PRIMARY", "CLIPBOARD"):
    window.set_selection_owner(atom(name), X.CurrentTime)
display.sync()
print("copied", flush=True)
while True:
    event = display.next_event()
    if event.type == X.SelectionRequest:
        if event.target == atom("TARGETS"):
            event.requestor.change_property(event.property, Xatom.ATOM, 32, [atom("UTF8_STRING"), Xatom.STRING])
        else:
            event.requestor.change_property(event.property, event.target, 8, b"a secret")
        event.requestor.send_event(
            SelectionNotify(time=event.time, requestor=event.requestor, selection=event.selection,
                            target=event.target, property=event.property))
        display.flush()
"""
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
    with subprocess.Popen([sys.executable, "-c", COPIES], stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            await asyncio.to_thread(program.stdout.readline)
            while await open_to_all.message() != (3, b"a secret"):
                pass
            for asked in (REQUEST | 1, PEEK):
                closed.send(extended(asked))
            await closed.update()
            await open_to_all.update()
            await closed.update()
        finally:
            program.kill()
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
    ],
)
async def test_the_page_is_told_what_is_switched_off(
    fetch: Fetch, choices: Any, switched: dict[str, bool], lacks: list[str]
) -> None:
    for name, value in switched.items():
        setattr(choices, name, value)
    model = json.loads((await fetch("api", "desktops", method="POST", body="{}")).body)
    assert model["lacks"] == lacks
