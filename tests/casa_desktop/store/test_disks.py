"""The tests of the store's files, once more on each file system that keeps MeasurementSets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ...support.disks import SCRIPTS, pytest_on_disk

HERE = Path(__file__).parent
FILES = ("test_file_systems.py", "test_unseen_changes.py", "test_in_use.py", "test_cloning.py", "test_exchange.py")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount disks")


@pytest.mark.parametrize("kind", SCRIPTS)
def test_the_same_holds_on(kind: str, tmp_path: Path) -> None:
    pytest_on_disk(kind, tmp_path, *(str(HERE / name) for name in FILES))
