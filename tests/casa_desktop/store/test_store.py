from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop.errors import InvalidSetting, NotKept, NotPutBack, StoreUnusable
from casa_desktop.store import cloning
from casa_desktop.store.models import Record
from casa_desktop.store.room import Room
from casa_desktop.store.store import IN_PLACE, PUT_BACK, Store
from casa_desktop.system import locks

from ...support.reuse import SECONDS, call, files_below, flag, state, table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of(tmp_path, {})


@pytest.fixture
def ms(tmp_path: Path) -> Path:
    """Where a table belongs; nothing is there."""
    return tmp_path / "my.ms"


@pytest.fixture
def split(store: Store, ms: Path) -> Record:
    """A call that made a table, kept."""
    record = call(store, lambda: table(ms), [ms])
    store.keep(record, SECONDS)
    return record


@pytest.fixture
def flagging(store: Store, ms: Path, split: Record) -> Record:
    """A call that changed the table in place, kept."""
    record = call(store, lambda: flag(ms), [ms], "flagdata")
    store.keep(record, SECONDS)
    return record


def test_nothing_is_written_before_the_first_result_is_kept(tmp_path: Path, store: Store, ms: Path) -> None:
    assert store.find("0" * 64) is None
    assert (store.forget(task="split"), store.clear(), store.usage().records) == (0, 0, 0)
    assert store.check().damaged == ()
    store.digests.save()
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_the_user_s_alone_and_its_objects_are_read_only(store: Store, split: Record) -> None:
    assert stat.S_IMODE(os.lstat(store.folder).st_mode) == 0o700
    modes = files_below(store.folder)
    assert {mode for name, mode in modes.items() if name.startswith("objects/") and name.count("/") == 2} == {0o400}
    assert not {name: mode for name, mode in modes.items() if mode & 0o077 and name != ".gitignore"}


def test_a_record_is_found_as_it_was_kept(tmp_path: Path, split: Record) -> None:
    assert Store.of(tmp_path, {}).find(split.key) == split


def test_the_last_call_like_another_one_is_found(store: Store, ms: Path, split: Record) -> None:
    older = replace(split, key="1" * 64, made=split.made - 10, parts={"output my.ms": "", "width": "1"})
    newer = replace(split, key="2" * 64, made=split.made + 10, parts={"output my.ms": "", "width": "4"})
    for record in (newer, older):
        store.keep(record, SECONDS)
    assert store.latest("split", {"output my.ms": ""}, but="") == newer
    assert store.latest("split", {"output my.ms": ""}, but=newer.key) == older
    assert store.latest("split", {"width": "1"}, but="") == older
    assert store.latest("flagdata", {}, but="") is None
    assert store.latest("split", {"output other.ms": ""}, but="") is None


def test_it_is_known_what_kept_calls_have_made(store: Store, ms: Path, flagging: Record) -> None:
    assert store.has_made(str(ms), state(ms))
    flag(ms, seed=7)
    assert not store.has_made(str(ms), state(ms))
    assert not store.has_made(str(ms.parent / "other.ms"), flagging.after[str(ms)])


def test_what_was_removed_is_put_back_and_then_lies_in_place(store: Store, ms: Path, split: Record) -> None:
    modes = {name: mode for name, mode in files_below(ms).items() if "table.lock" not in name}
    shutil.rmtree(ms)
    assert store.put_back(split) == PUT_BACK
    assert state(ms) == split.after[str(ms)]
    assert files_below(ms) == modes
    hashed = store.digests.hashed
    assert store.put_back(split) == IN_PLACE
    assert store.digests.hashed == hashed
    assert store.saved == 2 * SECONDS


def test_each_step_of_a_notebook_is_put_back_upon_the_one_before(
    store: Store, ms: Path, split: Record, flagging: Record
) -> None:
    for record in (split, flagging, split, flagging):
        assert store.put_back(record) == PUT_BACK
        assert state(ms) == record.after[str(ms)]


def test_of_a_table_that_was_changed_in_place_only_the_changed_files_are_kept(
    store: Store, split: Record, flagging: Record
) -> None:
    assert store.usage().objects == 5 + 1
    assert flagging.key != split.key


def test_unchanged_files_and_locks_stay_the_same_files(store: Store, ms: Path, split: Record, flagging: Record) -> None:
    def numbers() -> dict[str, int]:
        names = ("table.dat", "table.f1", "table.lock", "ANTENNA/table.f0", "ANTENNA/table.lock")
        return {name: os.lstat(ms / name).st_ino for name in names}

    before = numbers()
    store.put_back(split)
    changed = {name for name, number in numbers().items() if before[name] != number}
    assert changed == {"table.f1"}
    assert {os.lstat(ms / name).st_nlink for name in numbers()} == {1}


def test_no_lock_of_a_table_is_in_the_store(store: Store, ms: Path, split: Record) -> None:
    content = (ms / "table.lock").read_bytes()
    objects = [path for path in (store.folder / "objects").rglob("*") if path.is_file()]
    assert len(objects) == 5
    assert all(path.read_bytes() != content for path in objects)


def test_permissions_are_those_of_what_lay_there(store: Store, ms: Path, split: Record, flagging: Record) -> None:
    (ms / "table.f1").chmod(0o640)
    ms.chmod(0o750)
    store.put_back(split)
    assert [stat.S_IMODE(os.lstat(path).st_mode) for path in (ms, ms / "table.f1")] == [0o750, 0o640]


def test_several_outputs_are_put_back_and_what_the_task_removed_is_removed(tmp_path: Path, store: Store) -> None:
    image, fits, old = (tmp_path / name for name in ("my.image", "my.fits", "old.image"))
    table(old, 3)

    def work() -> None:
        table(image)
        fits.write_bytes(b"SIMPLE  =")
        shutil.rmtree(old)

    record = call(store, work, [image, fits, old])
    store.keep(record, SECONDS)
    shutil.rmtree(image)
    fits.write_bytes(b"other")
    table(old, 4)
    assert store.put_back(record) == PUT_BACK
    assert [state(path).digest for path in (image, fits, old)] == [each.digest for each in record.after.values()]
    assert fits.read_bytes() == b"SIMPLE  ="
    assert sorted(path.name for path in tmp_path.iterdir()) == [".casa-reuse", "my.fits", "my.image"]


def test_one_output_that_cannot_be_put_back_leaves_all_as_they_were(tmp_path: Path, store: Store) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    record = call(store, lambda: (table(first, 1), table(second, 2)), [first, second])
    store.keep(record, SECONDS)
    for path in (first, second):
        flag(path)
    before = [state(first), state(second)]
    digest = record.after[str(second)].files["table.f1"]
    (store.folder / "objects" / digest[:2] / digest[2:]).unlink()
    with pytest.raises(NotPutBack, match="no longer in the store"):
        store.put_back(record)
    assert [state(first), state(second)] == before
    assert list((store.folder / "new").iterdir()) == []


def test_equal_contents_are_kept_once(tmp_path: Path, store: Store, ms: Path, split: Record) -> None:
    again = call(store, lambda: shutil.copytree(ms, tmp_path / "copy.ms", symlinks=True), [tmp_path / "copy.ms"])
    store.keep(again, SECONDS)
    assert (store.usage().objects, store.usage().records) == (5, 2)


def test_a_result_without_files_is_its_value(store: Store) -> None:
    record = call(store, lambda: None, [], "imstat", value={"dict": [["rms", 0.5]]})
    store.keep(record, 0.01)
    found = store.find(record.key)
    assert found is not None
    assert found.value == record.value
    assert store.put_back(found) == IN_PLACE


# Where the store is, and whether it is safe


def test_another_folder_can_be_chosen_also_on_another_disk(tmp_path: Path, shm: Path) -> None:
    ms = tmp_path / "my.ms"
    store = Store.of(tmp_path, {"CASA_DESKTOP_STORE": str(shm / "deep" / "store")})
    record = call(store, lambda: table(ms), [ms])
    store.keep(record, SECONDS)
    flag(ms)
    assert store.put_back(record) == PUT_BACK
    assert state(ms) == record.after[str(ms)]
    assert [path.name for path in tmp_path.iterdir()] == ["my.ms"]
    assert store.folder == shm / "deep" / "store"


@pytest.fixture
def shm(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own."""
    folder = Path("/dev/shm") / f"casa-desktop-test-{os.getpid()}"
    folder.mkdir(mode=0o700)
    if os.stat(folder).st_dev == os.stat(tmp_path).st_dev:
        folder.rmdir()
        pytest.skip("/dev/shm is no disk of its own here")
    yield folder
    shutil.rmtree(folder)


def test_the_store_s_folder_is_an_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="CASA_DESKTOP_STORE is 'store', but should be an absolute path"):
        Store.of(tmp_path, {"CASA_DESKTOP_STORE": "store"})


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("link", "it is a symbolic link. Remove it"),
        ("file", "it is no folder. Remove it"),
        ("writable", "other users may write to it. If they have not, 'chmod 700"),
        ("foreign", "it belongs to the user 65534. Set CASA_DESKTOP_STORE to a folder of your own"),
    ],
)
def test_a_store_that_others_could_change_is_refused(kind: str, reason: str, tmp_path: Path, store: Store) -> None:
    folder = tmp_path / ".casa-reuse"
    if kind == "link":
        folder.symlink_to(tmp_path)
    elif kind == "file":
        folder.touch()
    else:
        folder.mkdir(mode=0o700)
        folder.chmod(0o770 if kind == "writable" else 0o700)
    if kind == "foreign":
        try:
            os.chown(folder, 65534, 65534)
        except OSError as error:
            pytest.skip(f"only root can make a folder of another user's: {error}")
    with pytest.raises(StoreUnusable) as caught:
        Store.of(tmp_path, {})
    assert reason in str(caught.value)
    # It may also have become so while a kernel runs.
    with pytest.raises(NotKept) as kept:
        store.keep(call(store, lambda: None, []), 1)
    assert reason in str(kept.value)


# What is not kept


def test_a_copy_that_would_take_long_beside_the_task_is_not_made_but_a_clone_is(store: Store, ms: Path) -> None:
    record = call(store, lambda: ms.write_bytes(os.urandom(50_000_000)), [ms])
    if cloning.clones(str(ms.parent)):
        store.keep(record, 0.001)
        assert store.usage().objects == 1
        return
    with pytest.raises(
        NotKept, match=r"50 MB would have to be copied, which takes about .* s, and the task itself took"
    ):
        store.keep(record, 0.001)
    assert store.usage().objects == 0


def test_what_is_larger_than_the_limit_is_not_kept(store: Store, ms: Path) -> None:
    store.set_limit("100 kB")
    record = call(store, lambda: ms.write_bytes(bytes(200_000)), [ms])
    with pytest.raises(NotKept, match=r"it takes 205 kB, and the limit of the store .* is 100 kB; 'casa-desktop reuse"):
        store.keep(record, SECONDS)


def test_what_has_changed_since_is_not_kept(store: Store, ms: Path) -> None:
    record = call(store, lambda: table(ms), [ms])
    flag(ms)
    with pytest.raises(NotKept, match="changed while it was kept"):
        store.keep(record, SECONDS)
    assert store.find(record.key) is None


def test_an_output_that_is_gone_is_not_kept(store: Store, ms: Path) -> None:
    record = call(store, lambda: table(ms), [ms])
    shutil.rmtree(ms)
    with pytest.raises(NotKept, match="No such file"):
        store.keep(record, SECONDS)


def test_what_was_changed_beside_the_outputs_is_not_kept(tmp_path: Path, store: Store, ms: Path) -> None:
    table(ms)
    (tmp_path / "elsewhere").write_bytes(b"1")
    (ms / "linked").symlink_to("../elsewhere")
    record = call(store, lambda: (tmp_path / "elsewhere").write_bytes(b"2"), [ms])
    with pytest.raises(NotKept, match="elsewhere was changed, which lies outside of"):
        store.keep(record, SECONDS)


def test_what_an_output_refers_to_must_be_as_it_was(tmp_path: Path, store: Store, ms: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"1")
    record = call(store, lambda: (table(ms), (ms / "linked").symlink_to("../elsewhere")), [ms])
    store.keep(record, SECONDS)
    shutil.rmtree(ms)
    (tmp_path / "elsewhere").write_bytes(b"2")
    with pytest.raises(NotPutBack, match=r"elsewhere has changed, to which .*my.ms refers"):
        store.put_back(record)
    (tmp_path / "elsewhere").write_bytes(b"1")
    assert store.put_back(record) == PUT_BACK
    assert state(ms) == record.after[str(ms)]


def test_an_output_behind_a_link_is_put_back_behind_it(tmp_path: Path, store: Store, ms: Path) -> None:
    (tmp_path / "disk").mkdir()
    ms.symlink_to("disk/there.ms")
    record = call(store, lambda: table(tmp_path / "disk" / "there.ms"), [ms])
    store.keep(record, SECONDS)
    flag(ms)
    assert store.put_back(record) == PUT_BACK
    assert os.readlink(ms) == "disk/there.ms"
    assert state(ms) == record.after[str(ms)]
    assert os.listdir(tmp_path / "disk") == ["there.ms"]


def test_a_bundle_that_is_no_json_is_not_kept(store: Store) -> None:
    record = replace(call(store, lambda: None, []), shown=[{"data": {"x": float("nan")}}])
    with pytest.raises(NotKept, match="Out of range float"):
        store.keep(record, SECONDS)


@pytest.mark.parametrize("key", ["", "../../x", "0" * 64 + "/", "xyz"])
def test_a_key_that_is_no_digest_is_refused(key: str, store: Store) -> None:
    with pytest.raises(ValueError, match="is no key"):
        store.find(key)


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path, store: Store) -> None:
    (tmp_path / "deep").mkdir()
    record = call(store, lambda: table(tmp_path / "deep" / "my.ms"), [tmp_path / "deep" / "my.ms"])
    store.keep(record, SECONDS)
    shutil.rmtree(tmp_path / "deep")
    with pytest.raises(NotPutBack, match="there is no folder"):
        store.put_back(record)


def test_a_lock_that_cannot_be_had_only_postpones(
    store: Store, ms: Path, split: Record, flagging: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "patience", 0.05)
    other = call(store, lambda: None, [], "imstat")
    before = state(ms)
    with locks.turn(store.folder / "lock", 1):
        with pytest.raises(NotPutBack, match="other kernels are at work in the store"):
            store.put_back(split)
        with pytest.raises(NotKept, match="other kernels are at work in the store"):
            store.keep(other, SECONDS)
        with pytest.raises(StoreUnusable, match="other kernels are at work in the store"):
            store.clear()
        assert store.put_back(flagging) == IN_PLACE
    assert state(ms) == before
    store.keep(other, SECONDS)
    assert store.put_back(split) == PUT_BACK


# Limits


def test_the_limit_is_a_fifth_of_what_was_free_and_can_be_changed(tmp_path: Path, store: Store, split: Record) -> None:
    fresh = Store.of(tmp_path, {})
    status = os.statvfs(tmp_path)
    assert 0.1 < fresh.limit / (status.f_bavail * status.f_frsize) < 0.3
    assert fresh.set_limit("1.5 GB") == 1_500_000_000
    assert (store.limit, Store.of(tmp_path, {}).limit) == (1_500_000_000, 1_500_000_000)
    assert store.set_limit(7) == 7
    assert (store.usage().limit, store.usage().records) == (7, 0)


@pytest.mark.parametrize("text", ["", "much", "-1 GB", "1 XB", "1.5", "1e9 GB", "9" * 400, "GB"])
def test_a_limit_that_is_no_size_is_refused(text: str, store: Store) -> None:
    with pytest.raises(InvalidSetting, match="The limit is"):
        store.set_limit(text)


def test_what_was_used_last_stays_longest_and_the_limit_is_held(tmp_path: Path, store: Store) -> None:
    store.set_limit(100_000)
    kept = []
    for number in range(12):
        path = tmp_path / str(number)
        record = call(store, lambda: path.write_bytes(os.urandom(20_000)), [path], f"task{number}")  # noqa: B023
        store.keep(record, SECONDS)
        kept.append(record)
        # The first is used again and again.
        assert store.put_back(kept[0]) == IN_PLACE
        usage = store.usage()
        assert usage.taken <= 100_000
    found = [number for number, record in enumerate(kept) if store.find(record.key)]
    assert found[0] == 0
    assert found[-1] == 11
    assert 3 <= len(found) <= 4
    assert store.usage().objects == len(found)


def test_on_a_full_disk_what_shares_its_blocks_with_a_live_file_goes_last(tmp_path: Path, store: Store) -> None:
    kept = []
    for name in ("lies", "changed", "gone"):
        path = tmp_path / name
        record = call(store, lambda: path.write_bytes(os.urandom(20_000)), [path], name)  # noqa: B023
        store.keep(record, SECONDS)
        kept.append(record)
    (tmp_path / "changed").write_bytes(b"mine")
    (tmp_path / "gone").unlink()
    store._eviction.free(1)
    found = [record.task for record in kept if store.find(record.key)]
    # Where files are copied, each of them takes its room, and the one that was used last stays longest.
    assert found == (["lies", "gone"] if cloning.clones(str(tmp_path)) else ["changed", "gone"])
    # The limit counts all: it takes its room as soon as the live file is changed.
    assert store.usage().taken == store._taken.total > 40_000
    store._eviction.free(60_000)
    assert store.usage().records == 0


# Forgetting


def test_records_are_forgotten_by_task_and_by_path(store: Store, ms: Path, split: Record, flagging: Record) -> None:
    assert store.forget(task="flagdata") == 1
    assert store.find(flagging.key) is None
    assert store.usage().objects == 5
    assert store.forget(path=str(ms.parent / "my")) == 0
    assert store.forget(path=str(ms.parent)) == 1
    assert store.usage().objects == 0


def test_a_store_that_is_cleared_is_empty_and_goes_on(store: Store, ms: Path, split: Record) -> None:
    taken = store.usage().taken
    assert store.clear() == taken
    assert (store.usage().records, store.usage().objects, store.usage().taken) == (0, 0, 0)
    flag(ms)
    with pytest.raises(NotPutBack):
        store.put_back(split)
    store.keep(call(store, lambda: table(ms.with_name("b.ms")), [ms.with_name("b.ms")]), SECONDS)
    assert store.usage().records == 1


def test_the_kernel_s_parts_import_nothing_that_takes_long(tmp_path: Path) -> None:
    # What counts lines imports some of these before.
    code = "import sys\nbefore = {*sys.modules}\nimport casa_desktop.store.store\nimported = {*sys.modules} - before\n"
    code += "print({'numpy', 'asyncio', 'sqlite3', 'pickle'} & imported)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
