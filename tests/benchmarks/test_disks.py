"""The disks of benchmarks: what they lack is told before anything is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import disks
from .large_calls import copy, stat_all


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", [disks.EXT4, disks.XFS, disks.BTRFS])
def test_too_little_room_is_told_and_nothing_is_left(kind: str, scratch: Path) -> None:
    with pytest.raises(RuntimeError, match=r"11000000001\.1 GB are needed in"), disks.Disks(10**12, {}) as found:
        found.folder(kind)
    assert list(scratch.iterdir()) == []


def test_room_that_a_folder_takes_is_counted_where_others_use_the_disk_too(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "data").write_bytes(os.urandom(1 << 20))
    assert 1 << 20 <= disks.used(tmp_path) < 1.1 * (1 << 20)


def test_copy_that_is_timed_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "data").write_bytes(b"visibilities")
    assert copy([str(source), str(source / "data")], tmp_path / "copy", 2) > 0
    assert stat_all(source) > 0
    assert list(tmp_path.iterdir()) == [source]
