"""Questions about records that the index answers, whole, damaged or missing."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Callable, List

import pytest

from casa_desktop.store.models import Record
from casa_desktop.store.store import Store

from ...support.reuse import SECONDS, call, flag, state, table


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of(tmp_path, {})


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> List[Record]:
    """Two calls: one made a table, the other one changed it."""
    ms = tmp_path / "my.ms"
    made = replace(call(store, lambda: table(ms), [ms]), parts={"output my.ms": "", "width": "1"})
    store.keep(made, SECONDS)
    changed = replace(call(store, lambda: flag(ms), [ms], "flagdata"), parts={f"output {ms}": ""})
    store.keep(changed, SECONDS)
    return [made, changed]


def knows_all(store: Store, kept: List[Record]) -> None:
    made, changed = kept
    for record in kept:
        ((path, after),) = record.after.items()
        assert store.has_made(path, after)
        assert not store.has_made(f"{path}.other", after)
    assert store.latest("split", {"output my.ms": "", "width": "1"}, but="") == made
    assert store.latest("flagdata", {}, but="") == changed
    assert store.latest("split", {"output my.ms": ""}, but=made.key) is None
    assert store.latest("split", {"output my.ms": "", "width": "2"}, but="") is None


def words(store: Store) -> List[Path]:
    return [path for path in (store.folder / "index").iterdir() if path.name != "all"]


def test_it_names_the_records_of_a_question_and_no_others(store: Store, kept: List[Record]) -> None:
    knows_all(store, kept)
    # A path after each call, an output of each, and each task.
    assert len(words(store)) == 6
    assert {len(list(each.iterdir())) for each in words(store)} == {1}


@pytest.mark.parametrize(
    "damage",
    [
        lambda index: shutil.rmtree(index),
        lambda index: shutil.rmtree(index / "all"),
        lambda index: [each.unlink() for each in (index / "all").iterdir()],
        lambda index: (shutil.rmtree(index), index.write_bytes(b"no folder")),
        lambda index: (shutil.rmtree(index), index.symlink_to("nowhere")),
    ],
    ids=["missing", "no list", "empty list", "a file", "a link"],
)
def test_what_it_lacks_is_found_and_made_good(
    store: Store, kept: List[Record], damage: Callable[[Path], object]
) -> None:
    index = store.folder / "index"
    damage(index)
    knows_all(Store(store.folder), kept)
    if index.is_dir() and not index.is_symlink():
        assert len(words(store)) == 6


def test_a_record_of_which_only_some_words_were_noted_is_found(store: Store, kept: List[Record]) -> None:
    # As if its process had been killed meanwhile.
    for path in (store.folder / "index").rglob(kept[0].key):
        path.unlink()
    knows_all(Store(store.folder), kept)
    assert len(list((store.folder / "index" / "all").iterdir())) == 2


def test_a_check_makes_it_anew(store: Store, kept: List[Record]) -> None:
    for each in words(store):
        shutil.rmtree(each)
    assert store.check().damaged == ()
    knows_all(store, kept)
    assert len(words(store)) == 6


def test_a_record_that_is_gone_goes_from_it_with_the_next_sweep(store: Store, kept: List[Record]) -> None:
    store.forget(task="split")
    assert kept[0].key not in {path.name for path in (store.folder / "index").rglob("*")}
    assert not store.has_made(*next(iter(kept[0].after.items())))
    store.clear()
    assert not words(store)


def test_a_name_in_it_without_a_record_is_no_answer(store: Store, kept: List[Record]) -> None:
    os.unlink(store.folder / "records" / f"{kept[0].key}.json")
    assert not store.has_made(*next(iter(kept[0].after.items())))
    ((path, after),) = kept[1].after.items()
    assert store.has_made(path, after)
    assert state(Path(path)) == after
