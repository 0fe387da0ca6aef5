"""What a real Jupyter server tells its pages about desktops that others start, end and use."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Awaitable, Callable

from casa_desktop.desktop import lifecycle, open_url, usage
from casa_desktop.runtime import directory
from casa_desktop.views import share_links
from casa_desktop.web.events import SCHEMA_ID

from ...support.browser import RAW, Browser

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]


async def _event(listener: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(await listener.read_message())
    assert event["schema_id"] == SCHEMA_ID
    return {"action": event["action"], "name": event["name"]}


async def test_desktops_that_start_and_end_are_told_by_jupyter_s_events(fetch: Any, jp_ws_fetch: Any) -> None:
    listener = await jp_ws_fetch("api", "events", "subscribe")
    record = await asyncio.to_thread(lifecycle.ensure)
    assert await _event(listener) == {"action": "started", "name": "main"}
    await asyncio.to_thread(lifecycle.ensure, "m31")
    assert await _event(listener) == {"action": "started", "name": "m31"}
    await asyncio.to_thread(lifecycle.stop)
    assert await _event(listener) == {"action": "ended", "name": "main"}
    again = await asyncio.to_thread(lifecycle.ensure)
    assert again.supervisor_pid != record.supervisor_pid
    assert await _event(listener) == {"action": "started", "name": "main"}
    listener.close()


async def test_a_desktop_whose_supervisor_was_killed_is_told_to_have_ended(
    root: Path, fetch: Any, jp_ws_fetch: Any
) -> None:
    record = lifecycle.ensure()
    listener = await jp_ws_fetch("api", "events", "subscribe")
    os.kill(record.supervisor_pid, signal.SIGKILL)
    assert await _event(listener) == {"action": "ended", "name": "main"}
    listener.close()


async def test_a_link_out_of_the_desktop_reaches_the_user_s_views_and_no_guest_s(root: Path, view: View) -> None:
    record = lifecycle.ensure()
    _, token = share_links.create(record)
    own, guest = await view(), await (await view("shared", token, "rfb")).greet(RAW)
    await own.read(12)
    env = {**os.environ, **lifecycle.environment(record)}
    opened = ["xdg-open", "https://casa.nrao.edu"]
    done = await asyncio.to_thread(subprocess.run, opened, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert await own.hear("link") == {"type": "link", "url": "https://casa.nrao.edu"}
    assert list(directory.places("main").links.iterdir()) == []
    await guest.update()
    assert all(words["type"] == "audience" for words in guest.words)


async def test_a_link_that_came_while_the_view_was_away_waits_for_it(root: Path, view: View) -> None:
    record = lifecycle.ensure()
    watching = usage.watch(record)
    open_url.hand_over(directory.places("main"), "https://casa.nrao.edu")
    os.close(watching)
    assert (await (await view()).hear("link"))["url"] == "https://casa.nrao.edu"
