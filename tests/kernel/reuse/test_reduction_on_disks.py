"""The whole reduction once more on disks of each kind: those that clone, and one that copies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ...support.disks import pytest_on_disk

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount disks"),
    # Each test within has a limit of its own.
    pytest.mark.timeout(900),
]


@pytest.mark.parametrize("kind", ["xfs", "btrfs", "ext4"])
def test_a_reduction_is_reused_on(kind: str, tmp_path: Path, long: bool) -> None:
    if kind != "xfs" and not long:
        pytest.skip("it takes half a minute; --long reduces on each kind of disk")
    pytest_on_disk(kind, tmp_path, str(Path(__file__).with_name("test_reduction.py")))
