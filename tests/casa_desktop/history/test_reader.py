"""Reading tables in another process, and where no Python can."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from casa_desktop.errors import HistoryOfNothing
from casa_desktop.history import looking
from casa_desktop.history.models import RECORD
from casa_desktop.history.reader import NoReader, ProcessReader
from casa_desktop.store.store import Store

from ...support.living import below
from ...support.other_pythons import bare, with_casa
from ...support.reuse import SECONDS, call, flag, state, table

WITHOUT = "There is no CASA."


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A table that two calls have made and changed, whose results are kept beside it."""
    store, ms = Store.of(tmp_path, {}), tmp_path / "my.ms"
    keep(store, ms, table, "split", 0)
    keep(store, ms, flag, "flagdata", 1)
    return ms


def keep(store: Store, path: Path, work: Callable[[Path], object], task: str, number: int, **others: Any) -> None:
    """Do some work on a path as a call of a task, ten minutes after the one with the number before, and keep it."""
    record = call(store, lambda: work(path), [path], task)
    store.keep(replace(record, made=record.made + 600 * number, **others), SECONDS)


@pytest.mark.parametrize("make", [bare, lambda folder: with_casa(folder, but=("casatools",))])
def test_a_python_without_casa_or_us_says_so(make: object, tmp_path: Path) -> None:
    python = make(tmp_path / "python")  # type: ignore[operator]
    with ProcessReader(str(python), os.environ) as reader:
        assert reader.without.startswith("CASA")
        assert reader.read(str(tmp_path)).problem == "there is no CASA here to read it"


def test_a_process_reads_tables_and_ends_with_its_block(tmp_path: Path) -> None:
    before = set(below(os.getpid()))
    with ProcessReader(sys.executable, os.environ) as reader:
        assert (reader.without, reader.defaults.of("tclean") is not None) == ("", True)
        # No table, a damaged one, and one whose name is no UTF-8.
        assert reader.read(str(tmp_path)).problem == ""
        for name in ("damaged", "caf\udce9"):
            table(tmp_path / name)
            assert reader.read(str(tmp_path / name)).problem != ""
    assert set(below(os.getpid())) <= before


def test_without_casa_kept_results_tell_what_they_prove(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = looking.history(str(kept), NoReader(WITHOUT), {})
    assert [(each.task, each.sources, each.proved) for each in found.calls] == [
        ("split", [RECORD], True),
        ("flagdata", [RECORD], True),
    ]
    assert found.notes == [WITHOUT]
    assert found.digest == state(kept).digest
    # In a path that is relative, too, and one that ends with a slash.
    monkeypatch.chdir(kept.parent)
    assert looking.history("my.ms/", NoReader(WITHOUT), {}).path == str(kept)


def test_a_state_that_no_kept_call_has_left_is_not_proved(kept: Path) -> None:
    flag(kept, 5)
    found = looking.history(str(kept), NoReader(WITHOUT), {})
    assert found.calls == []
    ((start,),) = [found.starts]
    assert start.notes[0].startswith("not as the kept call of flagdata on ")


def test_states_that_come_back_are_told_in_the_order_of_their_calls(kept: Path) -> None:
    store = Store.of(kept.parent, {})
    keep(store, kept, lambda path: flag(path, 5), "setjy", 2)
    keep(store, kept, flag, "clearcal", 3)
    found = looking.history(str(kept), NoReader(WITHOUT), {})
    assert [each.task for each in found.calls] == ["split", "flagdata", "setjy", "clearcal"]
    assert (found.starts, found.notes) == ([], [WITHOUT])


def test_what_was_made_again_later_is_told_as_it_was_made_before(tmp_path: Path) -> None:
    store, cal, out = Store.of(tmp_path, {}), tmp_path / "cal.G", tmp_path / "out.ms"
    table(cal)
    keep(store, out, lambda path: table(path, 7), "applycal", 1, before={str(cal): state(cal)})
    shutil.rmtree(cal)
    # It has the same contents as then.
    keep(store, cal, table, "gaincal", 2)
    found = looking.history(str(out), NoReader(WITHOUT), {})
    assert [each.task for each in found.calls] == ["gaincal", "applycal"]
    assert found.calls[0].notes[0].startswith("It was made again on ")


def test_a_table_of_which_no_call_is_kept_is_not_read_whole(kept: Path) -> None:
    large = kept.parent / "large.ms"
    table(large)
    # A file without blocks. To read it would take hours.
    os.truncate(large / "table.f0", 1 << 40)
    found = looking.history(str(large), NoReader(WITHOUT), {})
    assert (found.digest, [each.path for each in found.starts]) == ("", [str(large)])


def test_a_link_is_followed_to_what_was_made(kept: Path) -> None:
    link = kept.parent / "link.ms"
    link.symlink_to(kept.name)
    found = looking.history(str(link), NoReader(WITHOUT), {})
    assert (found.path, [each.task for each in found.calls]) == (str(kept), ["split", "flagdata"])


def test_where_nothing_is_no_history_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryOfNothing, match=r"There is no image, table, MeasurementSet or FITS file at .*/x\."):
        looking.history(str(tmp_path / "x"), NoReader(WITHOUT), {})
    assert list(tmp_path.iterdir()) == []
