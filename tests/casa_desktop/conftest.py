"""A runtime directory of each test's own, short enough for a unix socket, and gone with its desktops afterwards."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop import runtime, session


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(folder))
    yield folder
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(folder))
    if folder.exists():
        for name in runtime.names():
            session.stop(name)
    shutil.rmtree(folder, ignore_errors=True)
