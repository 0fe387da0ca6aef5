from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Dict

import pytest

from casa_desktop.store.models import NOTHING, Record, State

TABLE = State.of(
    {"table.dat": "ab", "SUB/table.f0": "cd", "link": "link:../x", "empty": "folder"}, {"/data/a.ms": "ef"}
)
RECORD = Record(
    key="0f",
    task="split",
    made=1.5,
    seconds=2.25,
    cell="[7]",
    value={"list": [1, None]},
    shown=[{"data": {"text/plain": "x"}, "metadata": {}}],
    before={"/data/my.ms": TABLE, "/data/\udce9": State.of({"": "ab"}, {})},
    after={"/data/cal.ms": NOTHING},
    parts={"vis": "ab"},
    arguments={"vis": "my.ms", "width": {"tuple": [1, 2]}},
    folder="/data",
)


def test_a_state_and_a_record_come_back_from_json() -> None:
    assert State.from_json(json.loads(json.dumps(TABLE.as_json()))) == TABLE
    assert Record.from_json(json.loads(json.dumps(RECORD.as_json()))) == RECORD


def test_a_record_of_before_arguments_were_kept_is_read() -> None:
    plain = RECORD.as_json()
    del plain["arguments"], plain["folder"]
    assert Record.from_json(plain) == replace(RECORD, arguments={}, folder="")


def test_the_order_in_which_files_were_found_does_not_count() -> None:
    assert State.of(dict(reversed(list(TABLE.files.items()))), TABLE.beside).digest == TABLE.digest


@pytest.mark.parametrize(
    ("files", "beside"),
    [
        ({}, {}),
        ({"a": "b"}, {}),
        ({}, {"a": "b"}),
        ({"a": "c"}, {}),
        ({"b": "b"}, {}),
        ({"a": "b", "c": "d"}, {}),
        ({"a": "b"}, {"c": "d"}),
        ({"a": "b1:c1:d"}, {}),
        ({"\udce9": "b"}, {}),
    ],
)
def test_other_contents_have_another_digest(files: Dict[str, str], beside: Dict[str, str]) -> None:
    others = [({}, {}), ({"a": "b"}, {}), ({}, {"a": "b"}), ({"a": "c"}, {}), ({"a": "b", "c": "d"}, {})]
    digest = State.of(files, beside).digest
    assert len(digest) == 64
    assert [other for other in others if State.of(*other).digest == digest] in ([], [(files, beside)])
    assert digest != NOTHING.digest


@pytest.mark.parametrize(
    "value", [None, [], {}, {"files": {}, "beside": {}}, {"files": [], "beside": {}, "digest": ""}]
)
def test_what_is_no_state_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no state"):
        State.from_json(value)


@pytest.mark.parametrize("changed", [{"key": 1}, {"shown": 3}, {"before": []}, {"after": {"/x": {}}}, {"made": "x"}])
def test_what_is_no_record_is_refused(changed: Dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - float's own message, too
        Record.from_json({**RECORD.as_json(), **changed})


def test_only_what_is_not_there_is_absent() -> None:
    assert NOTHING.absent
    assert not State.of({}, {}).absent
