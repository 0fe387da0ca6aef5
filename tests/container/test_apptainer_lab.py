"""The same of Apptainer, unprivileged: a notebook's pictures and windows, and a mask drawn in the browser."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Callable, Iterator, Tuple

import pytest

from ..support.apptainer import User
from ..support.screen import Screen
from ..support.sif import ApptainerJupyter, Sif

# The tests are the same; what they run in is not.
from .test_lab import *  # noqa: F403

pytestmark = pytest.mark.container


@pytest.fixture(scope="module")
def jupyter(sif: Path, users: Tuple[User, ...], observation: Path) -> Iterator[ApptainerJupyter]:
    """JupyterLab as ``apptainer run`` starts it, in a folder of ada's with the observation."""
    ada = Sif(sif, users[0])
    folder = ada.user.home / "work"
    shutil.copytree(observation, folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, ada.user.uid, ada.user.uid)
    with ApptainerJupyter(ada, folder) as server:
        yield server
    # The tests that use this home next make their own.
    shutil.rmtree(folder)


@pytest.fixture
def screen(jupyter: ApptainerJupyter) -> Iterator[Callable[[], Screen]]:
    """Returns a connection to the X server of the running desktop, which is among this machine's."""
    opened = []

    def connect() -> Screen:
        [record] = json.loads(jupyter.run("casa-desktop", "status", "--json"))
        opened.append(Screen(record))
        return opened[-1]

    yield connect
    for one in opened:
        one.__exit__()
