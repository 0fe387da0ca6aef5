"""The keeper's tests once more on file systems that clone, and on one that copies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ...support.disks import pytest_on_disk

FILES = ("test_keeper.py", "background_keeper.py")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount disks")


@pytest.mark.parametrize("kind", ["xfs", "btrfs", "ext4"])
def test_the_same_holds_on(kind: str, tmp_path: Path) -> None:
    pytest_on_disk(kind, tmp_path, *(str(Path(__file__).with_name(name)) for name in FILES))
