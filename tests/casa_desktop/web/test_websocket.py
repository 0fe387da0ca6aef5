"""The websocket on a real Jupyter server, with a real Xvnc behind it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Any, Awaitable, Callable, cast

import psutil
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect
from Xlib import XK, X
from Xlib.display import Display

from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.runtime import directory
from casa_desktop.system import locks
from casa_desktop.system.process import is_stopped
from casa_desktop.views import share_links
from casa_desktop.web import websocket
from casa_desktop.web.state import reception

from ...support.browser import (
    CLIPBOARD,
    EXTENDED_SIZE,
    RAW,
    Browser,
    cut_text,
    desktop_size,
    key,
    pointer,
    request,
)
from ...support.clipboard_owner import copied

pytest_plugins = ["pytest_jupyter.jupyter_server"]
Fetch = Callable[..., Awaitable[Any]]
View = Callable[..., Awaitable[Browser]]


async def test_it_speaks_rfb(display: Display, view: View) -> None:
    browser = await (await view()).greet(RAW)
    assert browser.size == (1600, 900)
    assert len(await browser.update(20, 10)) == 800


async def test_a_view_is_told_at_once_who_is_there(display: Display, view: View) -> None:
    first = await view()
    assert await first.hear("audience") == {
        "type": "audience", "views": 1, "controls": True, "viewOnly": False, "scale": 1,
    }  # fmt: skip
    second = await view()
    assert not (await second.hear("audience"))["controls"]
    assert (await first.hear("audience"))["views"] == 2
    first.websocket.close()
    assert await second.hear("audience") == {
        "type": "audience", "views": 1, "controls": True, "viewOnly": False, "scale": 1,
    }  # fmt: skip


async def test_a_pong_comes_behind_the_frames_that_came_before(display: Display, view: View) -> None:
    browser = await (await view()).greet(RAW)
    await browser.update()
    browser.say(type="ping", id=17)
    assert await browser.hear("pong") == {"type": "pong", "id": 17}


def _size(display: Display) -> tuple[int, int]:
    found = display.screen().root.get_geometry()
    return found.width, found.height


async def test_only_the_view_in_control_changes_the_size(display: Display, view: View) -> None:
    first = await (await view()).greet(RAW, EXTENDED_SIZE)
    second = await (await view()).greet(RAW, EXTENDED_SIZE)
    second.send(desktop_size(800, 600))
    await second.update()
    assert _size(display) == (1600, 900)
    second.say(type="control")
    while not (await second.hear("audience"))["controls"]:
        pass
    second.send(desktop_size(800, 600))
    await second.update()
    assert _size(display) == (800, 600)
    first.send(desktop_size(1000, 700))
    await first.update()
    assert _size(display) == (800, 600)


async def test_the_view_in_control_has_windows_drawn_larger(display: Display, view: View) -> None:
    root, resources = display.screen().root, display.intern_atom("RESOURCE_MANAGER")
    root.change_attributes(event_mask=X.PropertyChangeMask)
    display.sync()
    browser = await view()
    browser.say(type="scale", ratio=2)
    while (await browser.hear("audience"))["scale"] != 2:
        pass
    await asyncio.to_thread(_await_property, display, resources)
    found = root.get_full_property(resources, X.AnyPropertyType)
    assert b"Xft.dpi:\t192" in found.value


def _await_property(display: Display, name: int) -> None:
    while True:
        event = display.next_event()
        if event.type == X.PropertyNotify and event.atom == name:
            return


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
        (b"RFB 003.008\n\1\1\x7f", 1002),
        ("{", 1007),
        ("[]", 1008),
        ('{"type": "ping", "id": "x"}', 1008),
    ],
)
async def test_who_does_not_keep_to_the_protocol_is_put_out(
    display: Display, view: View, sent: bytes | str, code: int
) -> None:
    browser = await view()
    browser.websocket.write_message(sent, binary=isinstance(sent, bytes))
    assert (await browser.closed())[0] == code
    # The desktop is none the worse for it.
    assert len(await (await (await view()).greet(RAW)).update()) == 4


async def _shared(display: Display, view: View) -> Browser:
    record = registry.find()
    assert record is not None
    _, token = share_links.create(record)
    return await (await view("shared", token, "rfb")).greet(RAW, EXTENDED_SIZE, CLIPBOARD)


@pytest.mark.parametrize("may", [True, False])
async def test_pointer_keys_clipboard_and_size_have_an_effect_from_the_user_s_views_alone(
    display: Display, view: View, may: bool
) -> None:
    root = display.screen().root
    window = root.create_window(0, 0, 300, 300, 0, X.CopyFromParent, override_redirect=True)
    window.change_attributes(event_mask=X.KeyPressMask | X.ButtonPressMask | X.ExposureMask)
    window.map()
    while display.next_event().type != X.Expose:
        # The caretaker makes room for symbols, and tells all programs.
        pass
    root.warp_pointer(5, 5)
    grabbed = window.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
    assert grabbed == X.GrabSuccess
    browser = await (await view()).greet(RAW, EXTENDED_SIZE) if may else await _shared(display, view)
    for message in (pointer(40, 50), pointer(40, 50, 1), key(0x61), key(0x61, False)):
        browser.send(message)
    browser.send(struct.pack(">BBHII", 255, 0, 1, 0x62, 48) + struct.pack(">BBHII", 255, 0, 0, 0x62, 48))
    browser.send(cut_text(b"from the browser"))
    browser.send(desktop_size(800, 600))
    assert len(await browser.update()) == 4
    display.sync()
    found = root.query_pointer()
    # The window manager may have covered the window for a moment, and the caretaker presses Shift once.
    shift = display.keysym_to_keycode(XK.XK_Shift_L)
    told = [display.next_event() for _ in range(display.pending_events())]
    presses = [each for each in told if each.type in (X.KeyPress, X.ButtonPress)]
    events = [each.type for each in presses if each.type != X.KeyPress or each.detail != shift]
    assert ((found.root_x, found.root_y) == (40, 50)) is may
    assert (X.ButtonPress in events) is may
    assert (events.count(X.KeyPress) == 2) is may
    assert (display.get_selection_owner(display.intern_atom("CLIPBOARD")) != X.NONE) is may
    assert (_size(display) == (800, 600)) is may
    if not may:
        assert (events, _size(display), (found.root_x, found.root_y)) == ([], (1600, 900), (5, 5))


@pytest.mark.parametrize("encodings", [(), (RAW,), (RAW, CLIPBOARD)])
async def test_what_is_copied_on_the_desktop_is_not_sent_to_who_can_only_look(
    display: Display, view: View, encodings: tuple[int, ...]
) -> None:
    record = registry.find()
    assert record is not None
    own = await (await view()).greet(RAW)
    _, token = share_links.create(record)
    guest = await (await view("shared", token, "rfb")).greet(*encodings)
    await own.update()
    await guest.update()
    async with copied("CLIPBOARD"):
        while await own.message() != (3, b"a secret"):
            pass
        # A guest may ask for the text; in vain.
        guest.send(struct.pack(">B3xiI", 6, -4, 1 << 25 | 1))
        await guest.update()
        await own.update()
        await guest.update()
    assert b"a secret" in own.received
    # Xvnc says that there is something, and packs what it sends in zlib, which begins with 0x78.
    texts = [each for each in _cut_texts(guest.received) if len(each) > 4]
    assert b"a secret" not in guest.received
    assert all(len(each) == 8 and each[0] == 0x1F for each in texts)


def _cut_texts(received: bytes) -> list[bytes]:
    """Return what may be the extended clipboard's messages in a stream of black pixels."""
    found = []
    for at in range(len(received) - 8):
        if received[at : at + 4] == b"\3\0\0\0" and received[at + 4] == 0xFF:
            (length,) = struct.unpack_from(">i", received, at + 4)
            found.append(received[at + 8 : at + 8 - length])
    return found


async def test_only_what_the_user_does_is_activity_for_a_hub(display: Display, view: View, jp_serverapp: Any) -> None:
    times = jp_serverapp.web_app.settings.setdefault("last_activity_times", {})
    browser = await (await view()).greet(RAW)
    await browser.update(100, 100)
    browser.say(type="ping", id=1)
    await browser.hear("pong")
    guest = await _shared(display, view)
    guest.send(key(0x61))
    await guest.update()
    assert times == {}
    browser.send(pointer(1, 1))
    await browser.update()
    assert list(times) == ["jupyter-server-proxy"]


async def test_a_desktop_is_watched_for_as_long_as_a_browser_is_connected(root: Path, view: View) -> None:
    record = lifecycle.ensure()
    assert not usage.is_watched(record)
    for browser in [await view() for _ in range(2)]:
        await browser.read(12)
        assert usage.is_watched(record)
        browser.websocket.close()
    await asyncio.to_thread(_wait_until_nobody_shares, directory.places("main").record)
    assert not usage.is_watched(record)


def _wait_until_nobody_shares(file: Path) -> None:
    # F_OFD_SETLKW, which fcntl does not name before Python 3.9: wait until the lock can be had.
    with file.open("r+b") as opened:
        fcntl.fcntl(opened, 38, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))


async def test_it_closes_with_a_reason_where_the_use_of_the_desktop_cannot_be_noted(
    root: Path, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.ensure()
    monkeypatch.setattr(locks, "_NOTICED_SECONDS", 0.1)
    with directory.places("main").record.open("r+b") as opened:
        # F_OFD_SETLK, as what ends unused desktops has it for a moment.
        fcntl.fcntl(opened, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        code, words = await (await view()).closed()
    assert code == 1013
    assert words.startswith(f"The runtime directory {root}/main cannot be used: another process has kept it locked")


async def test_it_is_refused_to_strangers(root: Path, view: View) -> None:
    lifecycle.ensure()
    with pytest.raises(HTTPClientError) as refused:
        await view(headers={"Authorization": "token wrong"})
    assert refused.value.code == 403


@pytest.mark.parametrize(("origin", "accepted"), [("https://example.org", False), (None, True)])
async def test_a_cookie_opens_it_from_our_own_page_only(
    fetch: Fetch, http_server_port: tuple[Any, int], jp_base_url: str, origin: str | None, accepted: bool
) -> None:
    lifecycle.ensure()
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


async def test_it_closes_when_the_desktop_ends(root: Path, view: View) -> None:
    record = lifecycle.ensure()
    browser = await view()
    await browser.read(12)
    os.kill(record.supervisor_pid, signal.SIGTERM)
    assert await browser.closed() == (1013, "The desktop has ended.")
    assert locks.wait_until_free(Path(record.rfb_socket).parent, 10)


@pytest.mark.parametrize(("name", "code", "words"), [("main", 1013, "not running"), ("-", 1008, "no name")])
async def test_it_closes_with_a_reason_where_there_is_no_desktop(
    root: Path, view: View, name: str, code: int, words: str
) -> None:
    closed = await (await view("desktops", name, "rfb")).closed()
    assert closed[0] == code
    assert words in closed[1]


async def test_nothing_waits_in_the_kernel_that_a_newer_picture_could_replace(
    display: Display, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = []
    tune = websocket.DesktopSocketHandler._tune

    def look(handler: websocket.DesktopSocketHandler) -> None:
        tune(handler)
        streams.append(handler._stream.socket)

    monkeypatch.setattr(websocket.DesktopSocketHandler, "_tune", look)
    await (await view()).read(12)
    assert streams[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert streams[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == websocket.UNSENT_IN_KERNEL


async def test_a_browser_that_does_not_read_costs_no_memory(display: Display, view: View) -> None:
    slow = await (await view()).greet(RAW)
    brisk = await (await view()).greet(RAW)
    await brisk.update()
    before = psutil.Process().memory_info().rss
    # Each of these is answered with 5.8 MB by Xvnc, if somebody takes them. It serves its clients in turn, so
    # with every answer that one of them gets it has had a chance to go on with the other.
    for _ in range(60):
        slow.send(request(1600, 900))
        for _ in range(30):
            await brisk.update()
    assert psutil.Process().memory_info().rss - before < 32e6
    assert await slow.update(1, 1)


async def test_a_browser_that_has_vanished_loses_its_place(
    display: Display, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as soon:
        soon.setattr(websocket, "PING_SECONDS", 0.1)
        vanished = await (await view()).greet(RAW)
    # Nobody reads this, nor the ping that comes behind it.
    vanished.send(request(1600, 900))
    vanished.send(request(1600, 900))
    other = await view()
    while not (await other.hear("audience"))["controls"]:
        pass
    assert other.words == []


async def test_a_browser_that_asks_and_does_not_listen_is_made_to_wait(
    display: Display, view: View, jp_serverapp: Any
) -> None:
    slow = await (await view()).greet(RAW)
    controller = reception(jp_serverapp.web_app.settings).audience.controller("main")
    assert controller is not None
    handler = cast(websocket.DesktopSocketHandler, controller.viewer)
    brisk = await (await view()).greet(RAW)
    slow.send(request(1600, 900))
    while not handler.has_unsent():
        await brisk.update()
    for number in range(1000):
        slow.say(type="ping", id=number)
    while handler._unread <= websocket.FEW_UNREAD:
        await brisk.update()
    for _ in range(50):
        await brisk.update()
    assert handler._unread <= websocket.FEW_UNREAD + 2


async def test_a_browser_that_sends_faster_than_xvnc_reads_is_made_to_wait(display: Display, view: View) -> None:
    record = registry.find()
    assert record is not None
    browser = await (await view()).greet(RAW)
    await browser.update()
    # One whose Xvnc answers, on another desktop.
    await asyncio.to_thread(lifecycle.ensure, "m31")
    other = await view("desktops", "m31", "rfb")
    # The supervisor would let Xvnc go on after a second.
    for pid in (record.supervisor_pid, record.x_server_pid):
        os.kill(pid, signal.SIGSTOP)
    try:
        # Far more than all buffers on the way; the last of it cannot be written before Xvnc goes on.
        writes = [browser.websocket.write_message(cut_text(bytes(200000)), binary=True) for _ in range(150)]
        # The server attends to its connections in turn, so it would have taken all of that by the last answer.
        for number in range(500):
            other.say(type="ping", id=number)
            await other.hear("pong")
        assert writes[0].done()
        assert not writes[-1].done()
    finally:
        for pid in (record.x_server_pid, record.supervisor_pid):
            os.kill(pid, signal.SIGCONT)
    await asyncio.gather(*writes)


async def test_a_page_s_ping_has_no_answer_while_xvnc_is_stopped(root: Path, view: View) -> None:
    record = await asyncio.to_thread(lifecycle.ensure)
    browser = await view()
    browser.say(type="ping", id=1)
    assert (await browser.hear("pong"))["id"] == 1
    for pid in (record.supervisor_pid, record.x_server_pid):
        os.kill(pid, signal.SIGSTOP)
        # The signal is sent; on a busy machine the process stops only when its turn comes.
        while not is_stopped(pid):
            await asyncio.sleep(0)
    browser.say(type="ping", id=2)
    # By the answer to another view's question this one's has been read.
    await asyncio.to_thread(lifecycle.ensure, "m31")
    other = await view("desktops", "m31", "rfb")
    other.say(type="ping", id=1)
    await other.hear("pong")
    for pid in (record.x_server_pid, record.supervisor_pid):
        os.kill(pid, signal.SIGCONT)
    browser.say(type="ping", id=3)
    assert (await browser.hear("pong"))["id"] == 3


async def test_more_views_at_once_than_xvnc_lets_wait_are_all_let_in(root: Path, view: View) -> None:
    server = lifecycle.ensure().x_server_pid
    os.kill(server, signal.SIGSTOP)
    views = [await view() for _ in range(20)]
    os.kill(server, signal.SIGCONT)
    for each in views:
        await each.greet(RAW)


async def test_a_view_that_leaves_while_it_waits_for_room_leaves_nothing(
    root: Path, view: View, jp_serverapp: Any
) -> None:
    server = lifecycle.ensure().x_server_pid
    audience = reception(jp_serverapp.web_app.settings).audience
    os.kill(server, signal.SIGSTOP)
    views = [await view() for _ in range(20)]
    for each in views[:-1]:
        each.websocket.close()
    os.kill(server, signal.SIGCONT)
    await views[-1].greet(RAW)
    while audience.count("main") > 1:
        await views[-1].hear("audience")
