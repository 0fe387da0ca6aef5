from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Dict

import pytest

from casa_desktop.errors import Shortage
from casa_desktop.store import cloning
from casa_desktop.store.cloning import clone_file, clone_tree, clones, copy_speed
from casa_desktop.store.file_systems import file_system

from ...support.shortage import small_disk

CONTENTS = os.urandom(300_000)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    table = tmp_path / "my.ms"
    (table / "ANTENNA").mkdir(parents=True)
    (table / "SORTED").mkdir(mode=0o555)
    for name in ("table.dat", "table.f0", "table.lock", "ANTENNA/table.dat", "ANTENNA/table.lock", "größe Ω"):
        (table / name).write_bytes(name.encode() * 10_000)
    (table / "table.f0").chmod(0o440)
    (table / "link").symlink_to("../missing")
    return table


def _contents(folder: Path) -> Dict[str, object]:
    """Return all that is in a folder, with permissions."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }


def test_a_table_is_copied_but_for_its_locks(table: Path) -> None:
    expected = {name: each for name, each in _contents(table).items() if not name.endswith("table.lock")}
    target = table.with_name("copy.ms")
    assert clone_tree(str(table), str(target)) is clones(str(table.parent))
    assert _contents(target) == expected
    assert target.stat().st_mode == table.stat().st_mode


def test_xfs_and_btrfs_clone_and_other_file_systems_copy(tmp_path: Path) -> None:
    kind = file_system(str(tmp_path)).kind
    if kind == "overlay":
        pytest.skip("that depends on what is below it")
    assert clones(str(tmp_path)) is (kind in ("xfs", "btrfs"))
    assert os.listdir(tmp_path) == []


def test_a_copy_stays_as_it_is_when_the_original_changes(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(CONTENTS)
    clone_file(str(source), str(target), 0o400)
    source.write_bytes(b"new")
    assert target.read_bytes() == CONTENTS
    assert target.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize("contents", [b"", b"x", CONTENTS], ids=["empty", "byte", "long"])
@pytest.mark.parametrize("holes", ["", "end", "begin", "both"])
def test_a_copy_without_cloning_has_the_same_contents_and_holes(tmp_path: Path, contents: bytes, holes: str) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    with open(source, "wb") as file:
        file.seek(10_000_000 if holes in ("begin", "both") else 0)
        file.write(contents)
        file.truncate(file.tell() + (10_000_000 if holes in ("end", "both") else 0))
    with open(source, "rb") as reading, open(target, "wb") as writing:
        cloning._copy(reading.fileno(), writing.fileno())
    assert target.read_bytes() == source.read_bytes()
    # XFS allocates some more in advance.
    assert target.stat().st_blocks <= source.stat().st_blocks + 2048


@pytest.mark.parametrize(("size", "change"), [(100_000, "shorter"), (600_000, "longer")])
def test_a_file_of_another_length_at_the_end_gives_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, change: str
) -> None:
    (tmp_path / "a").write_bytes(CONTENTS)
    copied = cloning._copied

    def changing(reading: int, writing: int, start: int, count: int) -> int:
        os.truncate(tmp_path / "a", size)
        return copied(reading, writing, start, min(count, 200_000))

    monkeypatch.setattr(cloning, "_copied", changing)
    monkeypatch.setattr(cloning, "_cloned", lambda *_: False)
    with pytest.raises(OSError, match=f"the file became {change} while it was copied"):
        clone_file(str(tmp_path / "a"), str(tmp_path / "b"))
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_is_copied_to_another_file_system(tmp_path: Path) -> None:
    target = Path("/dev/shm") / f"casa-desktop-{os.getpid()}"
    (tmp_path / "a").write_bytes(CONTENTS)
    try:
        assert clone_file(str(tmp_path / "a"), str(target)) is False
        assert target.read_bytes() == CONTENTS
    finally:
        target.unlink()


def test_what_exists_is_not_overwritten(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        clone_file(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "b").read_text() == "b"


def test_a_full_disk_is_a_shortage_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENTS)
    with small_disk(tmp_path / "disk", 4) as disk:
        disk.fill()
        with pytest.raises(Shortage, match=r"No room is left on the disk that holds .*disk/b") as caught:
            clone_file(str(tmp_path / "a"), str(disk.path / "b"))
        assert caught.value.errno == errno.ENOSPC
        assert os.listdir(disk.path) == ["filler"]


def test_the_speed_of_copying_is_measured(tmp_path: Path) -> None:
    assert 1e5 < copy_speed(str(tmp_path)) < 1e12
    assert os.listdir(tmp_path) == []
