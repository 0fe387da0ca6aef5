"""A runtime directory of each test's own, short enough for a unix socket, and gone with its desktops afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from Xlib.display import Display
from Xlib.error import ConnectionClosedError

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime import directory

from ..support.browser import Browser


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(folder))
    yield folder
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(folder))
    if folder.exists():
        for name in directory.names():
            lifecycle.stop(name)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def jp_server_config(jp_server_config: Dict[str, Any]) -> Dict[str, Any]:
    """A Jupyter server with our extension, for the modules that have pytest-jupyter's plug-in."""
    return {**jp_server_config, "ServerApp": {"jpserver_extensions": {"casa_desktop": True}}}


@pytest.fixture
def fetch(root: Path, jp_fetch: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``jp_fetch`` below ``casa-desktop``, on a runtime directory of its own."""
    for name in ("CASA_DESKTOP_URL", "CASA_DESKTOP_URL_SERVER"):
        monkeypatch.setenv(name, os.environ.get(name, ""))

    async def get(*parts: str, **options: Any) -> Any:
        return await jp_fetch("casa-desktop", *parts, **options)

    return get


@pytest.fixture
def view(fetch: Any, jp_ws_fetch: Any) -> Iterator[Any]:
    """Opens a view of a desktop by the parts of its websocket's path below ``casa-desktop/api``."""
    opened = []

    async def open_view(*parts: str, **options: Any) -> Browser:
        browser = Browser(await jp_ws_fetch("casa-desktop", "api", *(parts or ("desktops", "main", "rfb")), **options))
        opened.append(browser)
        return browser

    yield open_view
    for each in opened:
        each.websocket.close()


@pytest.fixture
def display(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Display]:
    """A connection to the display of the desktop ``main``, which is started."""
    for name, value in lifecycle.environment(lifecycle.ensure()).items():
        monkeypatch.setenv(name, value)
    opened = Display()
    yield opened
    # Its desktop may have ended before it.
    with suppress(ConnectionClosedError, BrokenPipeError):
        opened.close()


@pytest.fixture
def jupyter_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of Jupyter, empty, in a home of the test's own."""
    for name in [name for name in os.environ if name.startswith(("JUPYTER", "XDG_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "home" / "data"))
    return tmp_path / "home" / "data"
