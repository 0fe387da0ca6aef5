"""Views that may only look and do their worst: what is read of them, and that the server goes on meanwhile."""

from __future__ import annotations

import asyncio
import json
from itertools import islice
from typing import Any, Awaitable, Callable

import pytest

from casa_desktop.desktop import lifecycle
from casa_desktop.system.token_bucket import Budget
from casa_desktop.views.rfb_filter import Filter, Passed
from casa_desktop.web import guest_websocket

from ...support.browser import RAW, Browser, key, pointer, request

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]
Guest = Callable[[], Awaitable[Browser]]


@pytest.fixture
def guest(fetch: Any, view: View) -> Guest:
    """Opens one more view by a link; all by the same one."""
    links: list[str] = []

    async def look() -> Browser:
        if not links:
            lifecycle.ensure()
            made = await fetch("api", "desktops", "main", "shares", method="POST", body="{}")
            links.append(json.loads(made.body)["token"])
        return await view("shared", links[0], "rfb")

    return look


async def test_a_guest_s_frame_of_more_than_sixteen_kilobytes_ends_the_connection(guest: Guest) -> None:
    hostile = await (await guest()).greet(RAW)
    hostile.send(request(1, 1) * 1700)
    assert (await hostile.closed())[0] == 1009


@pytest.mark.parametrize("message", [key(0x61), pointer(1, 1), b"\6" + bytes(7)], ids=["keys", "pointer", "clipboard"])
async def test_a_flood_of_what_a_guest_may_not_send_ends_the_connection(guest: Guest, message: bytes) -> None:
    hostile, other = await (await guest()).greet(RAW), await (await guest()).greet(RAW)
    for _ in range(10):
        hostile.send(message * 1500)
    code, reason = await hostile.closed()
    assert (code, reason.rpartition(": ")[2]) == (1008, "too many messages that guests may not send.")
    assert await other.update()


async def test_some_of_it_is_dropped_and_the_view_goes_on(guest: Guest) -> None:
    looking = await (await guest()).greet(RAW)
    looking.send(pointer(1, 1) * 1000)
    assert await looking.update()


@pytest.mark.parametrize("how", ["requests", "pings", "words", "nothing"])
async def test_each_frame_of_a_guest_is_paid_for(guest: Guest, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    hostile = await (await guest()).greet(RAW)
    spent = []

    def spend(_: Budget, amount: float) -> float:
        spent.append(amount)
        return 0.0

    monkeypatch.setattr(Budget, "spend", spend)
    for number in range(100):
        if how == "requests":
            hostile.send(request(1, 1, incremental=True))
        elif how == "pings":
            hostile.websocket.ping()
        elif how == "words":
            hostile.say(type="ping", id=number)
        else:
            # A frame without content that belongs to a message which never ends.
            await hostile.websocket.protocol._write_frame(False, 0 if number else 1, b"")
    if how != "nothing":
        hostile.say(type="ping", id=-1)
        while (await hostile.hear("pong"))["id"] >= 0:
            pass
    while len(spent) < 100:
        await asyncio.sleep(0)
    assert min(spent) > guest_websocket.FRAME_COST


async def test_what_a_guest_sends_too_fast_waits(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    class OfOneSecond(Budget):
        """Nothing comes in, however long it takes: so it is a second's."""

        def __init__(self, per_second: float, burst: float) -> None:
            super().__init__(per_second, burst, lambda: 0.0)

    waits, sleep = [], asyncio.sleep

    async def watched(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(guest_websocket, "Budget", OfOneSecond)
    hostile = await (await guest()).greet(RAW)
    monkeypatch.setattr(asyncio, "sleep", watched)
    for _ in range(3):
        hostile.send(request(1, 1, incremental=True) * 1200)
    hostile.say(type="ping", id=1)
    await hostile.hear("pong")
    # The third frame is above the budget, by some tenths of a second.
    assert 0 < max(waits) < 0.5


async def test_one_link_has_so_many_views_and_no_more(guest: Guest, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["casa_desktop"].share_views = 2
    first, second = await (await guest()).greet(RAW), await (await guest()).greet(RAW)
    assert await (await guest()).closed() == (1013, "This link has 2 views already, the maximum.")
    first.websocket.close()
    # The second hears that the first has left.
    while (await second.hear("audience"))["views"] > 1:
        pass
    assert await (await (await guest()).greet(RAW)).update()


async def test_views_that_come_at_once_are_no_more_than_a_link_may_have(guest: Guest, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["casa_desktop"].share_views = 2
    first = await (await guest()).greet(RAW)
    others = await asyncio.gather(*(guest() for _ in range(8)))
    ended = [each.closed() for each in others]
    codes = [(await each)[0] for each in islice(asyncio.as_completed(ended), 7)]
    assert codes == [1013] * 7
    assert await first.update()


async def test_a_long_frame_is_read_in_many_turns_of_the_loop(
    fetch: Any, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.ensure()
    own = await (await view()).greet(RAW)
    feed, turns, read = Filter.feed, 0, []

    def watched(self: Filter, data: bytes) -> Passed:
        read.append((turns, len(data)))
        return feed(self, data)

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(Filter, "feed", watched)
    counting = asyncio.ensure_future(count())
    own.send(pointer(1, 1) * 100_000)
    assert await own.update()
    counting.cancel()
    at = [turn for turn, _ in read]
    assert sum(length for _, length in read) > 600_000
    assert max(length for _, length in read) <= 1 << 14
    assert sorted(set(at)) == at
