"""The image, built once, and JupyterLab in it: as root, and as a stranger on a read-only root."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from ..support.container_image import ensure_image
from ..support.engine import Engine
from ..support.in_container import ContainedJupyter
from ..support.lab import Lab
from ..support.screen import Screen
from ..support.sif import ada, ben, sif, users
from ..system.conftest import browser, context, jp_asyncio_loop, jp_server_cleanup

__all__ = ["ada", "ben", "browser", "context", "jp_asyncio_loop", "jp_server_cleanup", "sif", "users"]

# Docker, unlike Podman, forbids programs on a tmpfs unless it is told; the mask editor's launcher is one.
STRANGER = ("--user=12345:0", "--read-only", "--tmpfs=/tmp:exec")
USERS = {"root": ("--user=root",), "a-stranger-on-a-read-only-root": STRANGER}


@pytest.fixture(scope="session")
def engine(place: Path) -> Engine:
    """Podman."""
    return Engine(place)


@pytest.fixture(scope="session")
def image(engine: Engine, place: Path) -> str:
    """The image of these sources, or the one that ``CASA_DESKTOP_TEST_IMAGE`` names; built before, it is used again."""
    return os.environ.get("CASA_DESKTOP_TEST_IMAGE") or ensure_image(engine, place)


@pytest.fixture(scope="session")
def work(untouched: Path, place: Path) -> Path:
    """A folder with the observation, in which everybody may write."""
    folder = place / "work"
    shutil.copytree(untouched, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return folder


@pytest.fixture(scope="package", params=USERS.values(), ids=USERS.keys())
def jupyter(engine: Engine, image: str, work: Path, request: pytest.FixtureRequest) -> Iterator[ContainedJupyter]:
    """JupyterLab in a container."""
    with ContainedJupyter(engine, image, work, request.param) as server:
        yield server


@pytest.fixture
def lab(context: object, jupyter: ContainedJupyter) -> Iterator[Lab]:
    """That JupyterLab in a fresh page. Its kernels and its desktop end with the test."""
    yield Lab(context.new_page(), jupyter)  # type: ignore[attr-defined]
    jupyter.end_kernels()
    jupyter.run("casa-desktop", "stop", "--all")


@pytest.fixture
def screen(jupyter: ContainedJupyter) -> Iterator[Callable[[], Screen]]:
    """Returns a connection to the X server of the desktop in the container."""
    opened = []

    def connect() -> Screen:
        opened.append(jupyter.screen())
        return opened[-1].__enter__()

    yield connect
    for one in opened:
        one.__exit__(None, None, None)
