"""The extended clipboard's messages: what is let through is what a real Xvnc reads to its end, and no further."""

from __future__ import annotations

import struct
import zlib
from typing import Awaitable, Callable

import pytest
from Xlib.display import Display

from casa_desktop.desktop import registry
from casa_desktop.errors import ProtocolViolation
from casa_desktop.views import clipboard
from casa_desktop.views.clipboard import CAPABILITIES, LONGEST_CONTENT, NOTIFY, PEEK, PROVIDE, REQUEST

from ...support.browser import CLIPBOARD, EXTENDED_SIZE, RAW, Browser, desktop_size

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]


def message(flags: int, rest: bytes = b"") -> bytes:
    return struct.pack(">B3xiI", 6, -4 - len(rest), flags) + rest


def packed(content: bytes) -> bytes:
    """Pack as noVNC does: flushed, and without an end."""
    stream = zlib.compressobj()
    return stream.compress(content) + stream.flush(zlib.Z_FULL_FLUSH)


TEXT = struct.pack(">I", 6) + b"hello\0"
HIDDEN = desktop_size(800, 600)
TAKEN = {
    "capabilities": message(CAPABILITIES | REQUEST | PEEK | NOTIFY | PROVIDE | 2, bytes(4)),
    "no format": message(CAPABILITIES | NOTIFY),
    "request": message(REQUEST | 1),
    "peek": message(PEEK),
    "notification": message(NOTIFY | 1),
    "text": message(PROVIDE | 1, packed(TEXT)),
    "long text": message(PROVIDE | 1, packed(struct.pack(">I", 1 << 18) + b"x" * (1 << 18))),
    "text that Xvnc ignores": message(PROVIDE | 1, packed(struct.pack(">I", 1 << 19) + b"x" * (1 << 19))),
}
REFUSED = {
    "hidden in capabilities": message(CAPABILITIES | 1, bytes(4) + HIDDEN),
    "hidden in no capabilities": message(CAPABILITIES, HIDDEN),
    "hidden in a request": message(REQUEST | 1, HIDDEN),
    "hidden in a peek": message(PEEK, HIDDEN),
    "hidden in a notification": message(NOTIFY | 1, HIDDEN),
    "half capabilities": message(CAPABILITIES | 3, bytes(4)),
    "two actions": message(NOTIFY | PEEK),
    "no action": message(1),
    "an unknown action": message(1 << 29),
    "no flags": struct.pack(">B3xi", 6, -3) + bytes(3),
    "an end, and more behind it": message(PROVIDE | 1, zlib.compress(TEXT) + HIDDEN),
    "an end before the second text": message(PROVIDE | 3, zlib.compress(TEXT)),
    "a dictionary": message(PROVIDE | 1, b"\x78\xbb\0\0\0\1" + bytes(20)),
    "no zlib": message(PROVIDE | 1, HIDDEN),
}


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_what_a_page_sends_is_taken(sent: bytes) -> None:
    assert clipboard.is_taken(sent)


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_xvnc_reads_in_another_way_is_refused(sent: bytes) -> None:
    with pytest.raises(ProtocolViolation) as refused:
        clipboard.is_taken(sent)
    assert refused.value.code == 1002


def test_what_unpacks_to_more_than_xvnc_takes_is_dropped() -> None:
    assert not clipboard.is_taken(message(PROVIDE | 1, packed(bytes(LONGEST_CONTENT + 1))))


def test_only_a_notification_says_that_the_user_has_copied_something() -> None:
    assert [name for name, sent in TAKEN.items() if clipboard.announces(sent)] == ["notification"]


async def test_a_real_xvnc_reads_all_that_is_taken_to_its_end(display: Display, view: View) -> None:
    browser = await (await view()).greet(RAW, EXTENDED_SIZE, CLIPBOARD)
    for number, sent in enumerate(TAKEN.values()):
        browser.send(sent + desktop_size(800, 600 + number))
        await browser.update()
        assert display.screen().root.get_geometry().height == 600 + number


async def test_nothing_that_is_hidden_in_a_clipboard_reaches_xvnc(display: Display, view: View) -> None:
    in_control = await (await view()).greet(RAW, EXTENDED_SIZE)
    for sent in REFUSED.values():
        hostile = await (await view()).greet(RAW, EXTENDED_SIZE, CLIPBOARD)
        hostile.send(sent)
        assert (await hostile.closed())[0] == 1002
    # It answers, and its size is what it was.
    await in_control.update()
    found = display.screen().root.get_geometry()
    assert (found.width, found.height) == (1600, 900)
    assert registry.find() is not None
