"""CASA's own windows keep their kernel from being ended as idle, and those of other kernels do not."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict

import pytest

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime.record import Record

from ...support.browser import Browser, pointer
from ...support.mask_editor import MaskEditor
from ...support.screen import Screen, XHand
from .test_activity import LONG_AGO, Kernels

pytest_plugins = ["pytest_jupyter.jupyter_server"]
View = Callable[..., Awaitable[Browser]]
PLOTMS = "plotms('sim.ms', gui=True)"
CLEAN = "tclean('sim.ms', imagename='clean', imsize=128, cell='0.4arcsec', niter=20, interactive=True)"


@pytest.fixture
def kernels(fetch: Any, jp_serverapp: Any, environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Kernels:
    """The server ends those that are left."""
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", environment["CASA_DESKTOP_TOOLS"])
    # pytest-jupyter sets it to its own path, which begins with a folder that a kernel leaves out.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    # pytest-jupyter leaves this installation's kernels out.
    jp_serverapp.kernel_spec_manager.kernel_dirs.append(str(Path(sys.prefix, "share", "jupyter", "kernels")))
    return Kernels(jp_serverapp.kernel_manager, "casa")


@pytest.fixture
def in_folder(observation: Path) -> str:
    """A line that has a kernel work in the folder of the observation."""
    return f"import os; os.chdir({str(observation)!r}); "


async def _point_at(view: View, x: int, y: int) -> None:
    """Move the pointer on the desktop, as its user does in the browser."""
    browser = await (await view()).greet(0)
    browser.send(pointer(x, y))
    await browser.update()


async def test_a_kernel_in_whose_plotms_somebody_works_is_not_ended_as_idle(
    view: View, kernels: Kernels, in_folder: str
) -> None:
    used = await kernels.start(in_folder + PLOTMS)
    idle = await kernels.start(in_folder)
    with Screen(asdict(lifecycle.ensure())) as screen:
        window = screen.wait_for_window("PlotMS")
        await _point_at(view, *window.centre)
        assert await kernels.left(3600) == [used]
        assert idle not in kernels.manager
        kernels.manager.get_kernel(used).last_activity = LONG_AGO
        # No idle time at all is allowed.
        assert await kernels.left(0) == []
        await asyncio.to_thread(screen.wait_until_gone, "PlotMS")


async def test_a_kernel_whose_mask_editor_somebody_uses_is_not_ended_where_busy_ones_are(
    view: View, kernels: Kernels, in_folder: str
) -> None:
    kernels.manager.cull_busy = True
    used = await kernels.start(in_folder)
    idle = await kernels.start(in_folder)
    client = kernels.manager.get_kernel(used).client()
    client.start_channels()
    client.execute(CLEAN)
    await kernels.state(used, "busy")
    client.stop_channels()
    record: Record = await asyncio.to_thread(lifecycle.ensure)
    with Screen(asdict(record)) as screen:
        editor = await asyncio.to_thread(MaskEditor.wait_for, screen, XHand(screen))
        await _point_at(view, *editor.window.centre)
        for each in (used, idle):
            kernels.manager.get_kernel(each).last_activity = LONG_AGO
        assert await kernels.left(3600) == [used]
        kernels.manager.get_kernel(used).last_activity = LONG_AGO
        assert await kernels.left(0) == []
        await asyncio.to_thread(editor.wait_until_gone)
