"""Stores that are damaged, removed, read-only or full: a sentence or a miss, and never a wrong result."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest

from casa_desktop.errors import NotKept, NotPutBack, StoreUnusable
from casa_desktop.store import sizes
from casa_desktop.store.models import Record
from casa_desktop.store.store import PUT_BACK, Store

from ...support.reuse import SECONDS, call, flag, state, table
from ...support.shortage import Disk, small_disk


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of(tmp_path, {})


@pytest.fixture
def ms(tmp_path: Path) -> Path:
    """A table that has been changed since it was kept."""
    return tmp_path / "my.ms"


@pytest.fixture
def split(store: Store, ms: Path) -> Record:
    record = call(store, lambda: table(ms), [ms])
    store.keep(record, SECONDS)
    store.digests.save()
    flag(ms)
    return record


def _object(store: Store, record: Record, name: str = "table.f1") -> Path:
    ((_, after),) = record.after.items()
    return store.folder / "objects" / after.files[name][:2] / after.files[name][2:]


def _record(store: Store, record: Record) -> Path:
    return store.folder / "records" / f"{record.key}.json"


def _flip(path: Path, position: int) -> None:
    """Change one bit of a file, and let its times, size and permissions be what they were."""
    status = os.lstat(path)
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))
    path.chmod(status.st_mode & 0o777)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_damaged_object_is_never_put_back(tmp_path: Path, store: Store, ms: Path, split: Record) -> None:
    _flip(_object(store, split), 7)
    before = state(ms)
    # With a memory of its digest, in this process and in the next.
    for each in (store, Store.of(tmp_path, {})):
        with pytest.raises(NotPutBack, match="a part of it is damaged"):
            each.put_back(split)
    assert state(ms) == before


def test_a_check_removes_what_is_damaged_and_says_what(store: Store, ms: Path, split: Record) -> None:
    other = call(store, lambda: table(ms.with_name("b.ms"), 5), [ms.with_name("b.ms")], "simobserve")
    store.keep(other, SECONDS)
    _flip(_object(store, split), 0)
    report = store.check()
    assert (report.records, report.objects) == (1, 5)
    changed, missing = report.damaged
    assert changed == f"the file {_object(store, split)} has other contents than when it was kept"
    assert missing.startswith("a part of what split made on ")
    assert missing.endswith(" is missing")
    assert store.find(split.key) is None
    assert store.check().damaged == ()
    assert store.find(other.key) == other


def test_what_was_damaged_is_kept_again(store: Store, ms: Path, split: Record) -> None:
    _flip(_object(store, split), 0)
    shutil.rmtree(ms)
    store.keep(call(store, lambda: table(ms), [ms]), SECONDS)
    shutil.rmtree(ms)
    assert store.put_back(split) == PUT_BACK
    assert state(ms) == split.after[str(ms)]


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "foreign", "binary", "folder"])
def test_a_damaged_record_is_a_miss_and_a_check_removes_it(damage: str, store: Store, split: Record) -> None:
    path = _record(store, split)
    content = path.read_bytes()
    if damage == "flipped":
        _flip(path, content.index(b'"split"') + 3)
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        other = content.replace(b"split", b"tclean")
        path.write_bytes({"cut": content[:-2], "empty": b"", "foreign": other, "binary": b"\xff" * 100}[damage])
    assert store.find(split.key) is None
    report = store.check()
    assert report.damaged == () if damage == "folder" else "is not as it was written" in report.damaged[0]
    assert store.check().damaged == ()


def test_every_record_that_is_cut_short_is_a_miss(store: Store, split: Record) -> None:
    path = _record(store, split)
    content = path.read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        assert store.find(split.key) is None
    path.write_bytes(content)
    assert store.find(split.key) == split


def test_a_record_under_another_s_name_is_a_miss(store: Store, split: Record) -> None:
    other = "1" * 64
    _record(store, split).rename(store.folder / "records" / f"{other}.json")
    assert store.find(other) is None


def test_a_store_that_is_removed_while_it_is_used_is_a_miss_and_is_made_again(
    store: Store, ms: Path, split: Record
) -> None:
    found = store.find(split.key)
    shutil.rmtree(store.folder)
    before = state(ms)
    assert found is not None
    with pytest.raises(NotPutBack):
        store.put_back(found)
    assert state(ms) == before
    assert store.find(split.key) is None
    assert store.usage().records == 0
    record = call(store, lambda: flag(ms, 9), [ms], "flagdata")
    store.keep(record, SECONDS)
    assert store.find(record.key) == record


@pytest.mark.parametrize("name", ["taken", "saved", "limit", "digests.json"])
def test_what_a_store_knows_of_itself_may_be_damaged(name: str, tmp_path: Path, ms: Path, split: Record) -> None:
    (tmp_path / ".casa-reuse" / name).write_bytes(b"\xff\nnonsense\n12")
    store = Store.of(tmp_path, {})
    assert store.put_back(split) == PUT_BACK
    assert state(ms) == split.after[str(ms)]
    assert store.limit >= 0
    assert store.check().damaged == ()


# Disks


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 16) as small:
        yield small


def test_a_full_disk_is_a_sentence_and_leaves_nothing(disk: Disk) -> None:
    store, ms = Store.of(disk.path, {}), disk.path / "my.ms"
    record = call(store, lambda: table(ms), [ms])
    disk.fill()
    with pytest.raises(NotKept, match=r"no room is left on the disk|too little room"):
        store.keep(record, SECONDS)
    assert store.find(record.key) is None
    disk.make_room()
    store.keep(record, SECONDS)
    assert store.check().damaged == ()
    flag(ms)
    before = state(ms)
    disk.fill()
    with pytest.raises(NotPutBack, match="no room is left on the disk"):
        store.put_back(record)
    assert state(ms) == before


def test_older_results_give_way_before_the_disk_is_full(disk: Disk) -> None:
    store = Store.of(disk.path, {})
    store.set_limit("1 GB")
    records: List[Record] = []
    for number, size in enumerate([3_900_000, 3_900_000, 500_000]):
        path = disk.path / f"{number}"
        record = call(store, lambda: path.write_bytes(os.urandom(size)), [path])  # noqa: B023
        store.keep(record, SECONDS)
        records.append(record)
    assert [bool(store.find(record.key)) for record in records] == [False, True, True]
    assert sizes.free(str(disk.path)) > 1_000_000


def test_a_store_gives_way_to_a_task_when_the_disk_becomes_full(disk: Disk) -> None:
    store = Store.of(disk.path, {})
    assert not store.give_way()
    path = disk.path / "result"
    record = call(store, lambda: path.write_bytes(os.urandom(4_000_000)), [path])
    store.set_limit("1 GB")
    store.keep(record, SECONDS)
    assert store.give_way()
    assert store.find(record.key) == record
    # Something else takes the room.
    disk.fill()
    assert not store.give_way()
    assert store.find(record.key) is None
    assert sizes.free(str(disk.path)) > 3_500_000


def test_of_a_store_that_cannot_be_written_results_are_put_back_all_the_same(disk: Disk, tmp_path: Path) -> None:
    ms = tmp_path / "my.ms"
    writable = Store.of(tmp_path, {"CASA_DESKTOP_STORE": str(disk.path / "store")})
    record = call(writable, lambda: table(ms), [ms])
    writable.keep(record, SECONDS)
    subprocess.run(["mount", "-o", "remount,ro", disk.path], check=True)
    store = Store.of(tmp_path, {"CASA_DESKTOP_STORE": str(disk.path / "store")})
    flag(ms)
    assert store.put_back(record) == PUT_BACK
    assert state(ms) == record.after[str(ms)]
    assert sorted(os.listdir(tmp_path)) == ["disk", "my.ms"]
    with pytest.raises(NotKept, match="Read-only file system"):
        store.keep(call(store, lambda: flag(ms, 4), [ms], "flagdata"), SECONDS)
    for refused in (store.clear, lambda: store.set_limit(1), store.check):
        with pytest.raises(StoreUnusable, match="Read-only file system"):
            refused()
