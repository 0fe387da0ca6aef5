"""The images, built once, and JupyterLab in them: as root, and as a stranger on a read-only root."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from ..support.container_image import NEWEST, USUAL, Kind, ensure_image
from ..support.engine import Engine
from ..support.in_container import ContainedJupyter
from ..support.lab import Lab
from ..support.run_folder import own_engine
from ..support.screen import Screen
from ..support.sif import ada, ben, karl, sif, users
from ..system.conftest import browser, chromium, context, jp_asyncio_loop, jp_server_cleanup, playwright

# What is asked for by name, and what that asks for.
__all__ = ["ada", "ben", "karl", "sif", "users"]
__all__ += ["browser", "chromium", "context", "jp_asyncio_loop", "jp_server_cleanup", "playwright"]

# Docker, unlike Podman, forbids programs on a tmpfs unless it is told; the mask editor's launcher is one.
STRANGER = ("--user=12345:0", "--read-only", "--tmpfs=/tmp:exec")
USERS = {"root": ("--user=root",), "a-stranger-on-a-read-only-root": STRANGER}
# Who works in JupyterLab in which image. What root may do more is the same in each.
LABS = {
    **{name: (USUAL, options) for name, options in USERS.items()},
    f"a-stranger-with-{NEWEST}": (NEWEST, STRANGER),
}


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Podman, with a storage of this run's own, or the one that ``CASA_DESKTOP_TEST_STORAGE`` names."""
    with own_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def image(engine: Engine, place: Path) -> str:
    """The usual image of these sources, or the one that ``CASA_DESKTOP_TEST_IMAGE`` names."""
    return ensure_image(engine, USUAL, place)


@pytest.fixture(scope="session", params=(USUAL, NEWEST), ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    """One of the images after the other."""
    found: Kind = request.param
    return found


@pytest.fixture(scope="session")
def each_image(engine: Engine, kind: Kind, place: Path) -> str:
    """The image of that kind, or the one that is to be tested in its place."""
    return ensure_image(engine, kind, place)


@pytest.fixture(scope="session")
def work(untouched: Path, place: Path) -> Path:
    """A folder with the observation, in which everybody may write."""
    folder = place / "work"
    shutil.copytree(untouched, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return folder


@pytest.fixture(scope="package", params=LABS.values(), ids=LABS.keys())
def jupyter(engine: Engine, place: Path, work: Path, request: pytest.FixtureRequest) -> Iterator[ContainedJupyter]:
    """JupyterLab in a container."""
    kind, options = request.param
    with ContainedJupyter(engine, ensure_image(engine, kind, place), work, options) as server:
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
