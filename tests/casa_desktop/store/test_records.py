from __future__ import annotations

import os
from pathlib import Path

import pytest

from casa_desktop.store.models import NOTHING, Record, State
from casa_desktop.store.records import Entry, Records, content

STATE = State.of({"": "ab" * 32}, {"/data/other.ms": "cd" * 32})
RECORD = Record(
    "1" * 64,
    "split",
    1_795_900_000.5,
    192.25,
    "[7]",
    {"tuple": [1, "name\udcff"]},
    [{"data": {"text/html": "<b>å</b>"}, "metadata": {}}],
    {"/data/my.ms": STATE},
    {"/data/cal.ms": STATE, "/data/old.ms": NOTHING, "/data/name\udcff": STATE},
    {"vis": "my.ms"},
)
OBJECTS = ("ab" * 32,)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    records = Records(tmp_path)
    records.write(RECORD.key, content(RECORD, OBJECTS))
    return records


def test_a_record_is_read_as_it_was_written(records: Records) -> None:
    assert records.read(RECORD.key) == RECORD
    assert records.read("2" * 64) is None
    assert records.all_keys() == [RECORD.key]


@pytest.mark.parametrize("position", range(0, len(content(RECORD, OBJECTS)), 11))
def test_a_record_of_which_one_bit_has_changed_is_none(position: int, tmp_path: Path, records: Records) -> None:
    path = tmp_path / f"{RECORD.key}.json"
    damaged = bytearray(path.read_bytes())
    damaged[position] ^= 4
    path.write_bytes(damaged)
    assert records.read(RECORD.key) is None


def test_the_one_that_was_used_last_comes_last(tmp_path: Path, records: Records) -> None:
    for key, used in (("2" * 64, 20), ("3" * 64, 30)):
        records.write(key, content(RECORD, []))
        os.utime(tmp_path / f"{key}.json", (used, used))
    os.utime(tmp_path / f"{RECORD.key}.json", (10, 10))
    assert [entry.key[0] for entry in records.entries()] == ["1", "2", "3"]
    records.touch("2" * 64)
    assert [entry.key[0] for entry in records.entries()] == ["1", "3", "2"]
    assert records.entries()[0] == Entry(RECORD.key, 10 * 10**9, 4096, OBJECTS, "split")


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"x\n[]\n", b'x\n{"objects": [1]}\n', b'x\n{"objects": ["a"]}\n', b"\xff\n\xff"]
)
def test_of_a_damaged_record_it_is_not_known_what_it_needs(text: bytes, records: Records) -> None:
    records.write(RECORD.key, text)
    assert [entry.objects for entry in records.entries()] == [None]


def test_what_a_killed_process_has_left_is_no_record_and_is_removed(tmp_path: Path, records: Records) -> None:
    for name in ("tmpxyz.part", "README", f"{'4' * 64}xyz.json"):
        (tmp_path / name).write_bytes(b"half")
    assert records.all_keys() == [RECORD.key]
    records.remove_leftovers()
    assert sorted(path.name[:6] for path in tmp_path.iterdir()) == ["111111", "444444", "README"]
    assert records.remove(RECORD.key)
    assert not records.remove(RECORD.key)
    assert Records(tmp_path / "gone").all_keys() == []
