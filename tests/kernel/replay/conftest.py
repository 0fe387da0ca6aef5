"""A kernel for replays, which needs no desktop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Dict, Iterator

import pytest

from ...support.cleaning import DIGEST
from ...support.notebook import Notebook


@pytest.fixture(scope="module")
def poor(
    observation: Path, kernel_environment: Dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    """A kernel that works in the folder of the observation, and finds neither an X server nor a window manager."""
    programs = tmp_path_factory.mktemp("bin")
    # sdintimaging copies and removes images by these.
    for name in ("sh", "cp", "rm"):
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    with Notebook(observation, {**kernel_environment, "PATH": str(programs)}) as kernel:
        kernel.run(DIGEST)
        yield kernel
