"""What keeps a kernel and its server from being ended as idle: windows in use, and cells that run."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Awaitable, Callable

import pytest

from casa_desktop.desktop import lifecycle
from casa_desktop.x11.uses import use_of

from ...support.browser import Browser, pointer

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]
# A program of a kernel's with a window on the desktop; it says when it is there.
WINDOW = """
import os, subprocess, sys
program = "from Xlib.display import Display; d = Display(); d.sync(); print('here', flush=True); input()"
window = subprocess.Popen(
    [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    env={{**os.environ, "DISPLAY": {display!r}, "XAUTHORITY": {xauthority!r}}})
window.stdout.readline()
"""
LONG_AGO = datetime.now(timezone.utc) - timedelta(days=1)


class Kernels:
    """Kernels of a Jupyter server; by default of this Python, because any kernel is treated alike."""

    def __init__(self, manager: Any, name: str = "python3") -> None:
        self.manager, self._name = manager, name

    async def start(self, code: str = "pass") -> str:
        """Return the id of a new kernel that has run ``code``, and is as good as unused since yesterday."""
        number: str = await self.manager.start_kernel(kernel_name=self._name)
        kernel = self.manager.get_kernel(number)
        client = kernel.client()
        client.start_channels()
        await client.wait_for_ready()
        # Jupyter takes any message for the end of "starting", and may read those of the code after its reply has come
        # here. From another state only the code makes the kernel busy, and then idle.
        kernel.execution_state = "unknown"
        reply = await client.execute_interactive(code, store_history=False)
        assert reply["content"]["status"] == "ok", reply["content"]
        client.stop_channels()
        await self.state(number, "idle")
        kernel.last_activity = LONG_AGO
        return number

    async def state(self, number: str, expected: str) -> None:
        """Wait until Jupyter knows that a kernel is busy, or idle."""
        while self.manager.get_kernel(number).execution_state != expected:
            await asyncio.sleep(0)

    async def left(self, seconds: int) -> list[str]:
        """Have those ended that were idle for so many seconds, and return the ids of the others."""
        self.manager.cull_idle_timeout = seconds
        await self.manager.cull_kernels()
        return list(self.manager.list_kernel_ids())


@pytest.fixture
def kernels(fetch: Any, jp_serverapp: Any) -> Kernels:
    """The server ends those that are left."""
    return Kernels(jp_serverapp.kernel_manager)


async def _desktop_with_input(view: View) -> None:
    """Move the pointer on the desktop, as its user does."""
    browser = await (await view()).greet(0)
    browser.send(pointer(1, 1))
    await browser.update()


async def test_a_kernel_in_whose_window_somebody_works_is_not_ended_as_idle(view: View, kernels: Kernels) -> None:
    record = lifecycle.ensure()
    used = await kernels.start(WINDOW.format(display=record.display, xauthority=record.xauthority))
    idle = await kernels.start()
    await _desktop_with_input(view)
    assert await kernels.left(3600) == [used]
    assert idle not in kernels.manager
    # It is not for ever: with no time allowed, any time since the input is too long.
    kernels.manager.get_kernel(used).last_activity = LONG_AGO
    assert await kernels.left(0) == []


async def test_a_kernel_without_a_window_is_ended_whatever_is_done_on_the_desktop(view: View, kernels: Kernels) -> None:
    lifecycle.ensure()
    await kernels.start()
    await _desktop_with_input(view)
    assert await kernels.left(3600) == []


async def test_a_cell_that_runs_is_activity_of_the_server(kernels: Kernels, jp_serverapp: Any, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    number = await kernels.start()
    application = jp_serverapp.web_app
    assert application.last_activity() == application.last_activity()
    kernel = kernels.manager.get_kernel(number)
    client = kernel.client()
    client.start_channels()
    client.execute(f"import threading; open({str(begun)!r}, 'w').close(); threading.Event().wait()")
    # The kernel is busy before it comes to the cell, and would not take that for what is to be interrupted.
    await asyncio.to_thread(begun.read_text)
    await kernels.state(number, "busy")
    first, second = application.last_activity(), application.last_activity()
    assert first < second
    await kernel.interrupt_kernel()
    await kernels.state(number, "idle")
    client.stop_channels()
    assert application.last_activity() == application.last_activity()


async def test_the_use_of_a_desktop_that_has_ended_is_not_known(root: Path) -> None:
    record = lifecycle.ensure()
    assert use_of(record) is not None
    lifecycle.stop()
    assert use_of(record) is None
