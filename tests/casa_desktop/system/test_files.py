from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa_desktop.runtime.record import Record
from casa_desktop.system import files
from casa_desktop.views.share_links import Share

from ...support.examples import SHARED

# A file in UTF-8 holds no lone surrogates.
words = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.floats(allow_nan=False)
records = st.builds(Record, words, words, words, words, st.integers(), st.integers(), numbers, words, numbers)
shares = st.builds(Share, words, words, numbers, words)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)


@dataclass(frozen=True)
class Note:
    text: str
    weight: float
    count: int = 0
    done: bool = False


@SHARED
@given(records | shares)
def test_what_was_written_is_read_as_it_was(tmp_path: Path, value: Any) -> None:
    files.write(tmp_path / "file.json", value)
    assert files.read(tmp_path / "file.json", type(value)) == value
    assert [each.name for each in tmp_path.iterdir()] == ["file.json"]


def test_only_the_user_may_read_what_was_written(tmp_path: Path) -> None:
    files.write(tmp_path / "file.json", Note("a", 1))
    assert (tmp_path / "file.json").stat().st_mode & 0o777 == 0o600


@SHARED
@given(st.binary())
def test_garbage_is_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file.json").write_bytes(data)
    assert files.read(tmp_path / "file.json", Record) is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[]", "7", "null", '"text"'])
def test_neither_is_json_that_is_no_object_or_too_deep(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text)
    assert files.read(tmp_path / "file.json", Record) is None


@SHARED
@given(records, st.sampled_from(list(Record.__dataclass_fields__)), json_values)
def test_a_value_of_another_type_is_never_passed_on(tmp_path: Path, record: Record, name: str, value: Any) -> None:
    (tmp_path / "file.json").write_text(json.dumps({**asdict(record), name: value}))
    found = files.read(tmp_path / "file.json", Record)
    kind = type(getattr(record, name))
    if type(value) is kind or (kind is float and type(value) is int):
        assert found is not None
        assert getattr(found, name) == value
    else:
        assert found is None


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "a"},
        {"text": "a", "weight": True},
        {"text": "a", "weight": 1, "count": 1.5},
        {"text": None, "weight": 1},
    ],
)
def test_a_missing_field_and_a_truth_for_a_number_make_no_sense(tmp_path: Path, fields: dict[str, Any]) -> None:
    (tmp_path / "file.json").write_text(json.dumps(fields))
    assert files.read(tmp_path / "file.json", Note) is None


def test_a_field_of_a_later_version_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text('{"text": "a", "weight": 1, "later": {}}')
    assert files.read(tmp_path / "file.json", Note) == Note("a", 1)


def test_a_file_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert files.read(tmp_path / "file.json", Note) is None
