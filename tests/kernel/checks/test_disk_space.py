"""What is said of a disk on which a task has failed for want of room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from casa_kernel.checks import disk_space

from ...support.shortage import small_disk


def test_a_disk_with_no_room_for_a_tile_is_named_with_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        monkeypatch.chdir(disk.path)
        assert disk_space.full_disks() == []
        disk.leave(700_000)
        (said,) = disk_space.full_disks()
        assert re.fullmatch(rf"Only \d+ kB are left on the disk that holds {disk.path}\.", said)
        assert not disk_space.is_full(disk.path)
        disk.fill()
        assert disk_space.full_disks() == [f"No room is left on the disk that holds {disk.path}."]
        assert disk_space.is_full(disk.path)
        monkeypatch.chdir(tmp_path)


def test_a_file_system_without_blocks_is_not_full() -> None:
    assert not disk_space.is_full(Path("/proc"))
    assert not disk_space.is_full(Path("/no/such/folder"))
