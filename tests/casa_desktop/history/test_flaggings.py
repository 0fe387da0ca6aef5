"""Flaggings by hand among the calls of a history."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, List, Optional

import pytest

from casa_desktop.history import flaggings
from casa_desktop.history.flaggings import Flagging
from casa_desktop.history.models import Call

BEGIN = 1_795_953_500.0


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(BEGIN + seconds, timezone.utc).isoformat()


def keep(vis: Path, number: int, seconds: float, **more: Any) -> Path:
    """Write the record of a flagging, as the keeper of flaggings does."""
    folder = vis.with_name(f"{vis.name}.hand") / f"{number:04}"
    folder.mkdir(parents=True)
    record = {"task": "plotms", "made": moment(seconds), "undone": "", "versions": {"casatools": "6.7.0.31"}}
    counts = {"flagged": 1234, "unflagged": 0, "row_flagged": 2, "row_unflagged": 0}
    states = {"before": f"state {number - 1}", "after": f"state {number}"}
    (folder / "flags.json").write_text(json.dumps({**record, **counts, **states, **more}))
    return folder


def call(task: str, seconds: float, vis: Path, changes: bool = False, **arguments: Any) -> Call:
    """Return a call that took a second."""
    made = Call(task, {"vis": vis.name, **arguments}, BEGIN + seconds, 1.0, inputs={str(vis): ""})
    made.changed = [str(vis)] if changes else []
    return made


def calls(found: List[Flagging]) -> List[Optional[Call]]:
    return [each for one in found for each in (one.call, one.undone)]


def test_each_flagging_is_a_call_at_its_time(tmp_path: Path) -> None:
    vis = tmp_path / "my.ms"
    later, sooner = keep(vis, 1, 20), keep(vis, 2, 10, flagged=0, unflagged=7)
    found = flaggings.of(str(vis), [])
    assert [(each.folder, each.call.ended) for each in found] == [
        (str(sooner), BEGIN + 10),
        (str(later), BEGIN + 20),
    ]
    assert [each.call.by_hand for each in found] == ["7 visibilities unflagged", "1,234 visibilities flagged"]
    (first, _) = (each.call for each in found)
    assert (first.task, first.casa, first.sources) == ("plotms", "6.7.0.31", ["my.ms.hand/0002"])
    assert (first.changed, first.outputs) == ([str(vis)], {str(vis): ""})


def test_what_was_flagged_in_the_display_of_flagdata_belongs_to_that_call(tmp_path: Path) -> None:
    vis = tmp_path / "my.ms"
    keep(vis, 1, 60, task="flagdata")
    written = [call("flagdata", 10, vis), call("flagdata", 59, vis, display="data"), call("split", 59.5, vis)]
    (found,) = flaggings.of(str(vis), written)
    assert found.call is written[1]
    assert found.call.hand == [found.folder]


def test_times_in_whole_seconds_have_the_fractions_of_the_files_that_were_written_then(tmp_path: Path) -> None:
    vis = tmp_path / "my.ms"
    copied, own, exact = keep(vis, 1, 10), keep(vis, 2, 20, undone=moment(30)), keep(vis, 3, 40.5)
    # The second's files were written in the seconds after those of the record.
    for folder, bits, flags in ((copied, 3600.0, 3600.0), (own, 21.25, 31.125), (exact, 40.75, 40.75)):
        (folder / "flags.npz").touch()
        for name, seconds in (("flags.npz", bits), ("flags.json", flags)):
            os.utime(folder / name, (BEGIN + seconds, BEGIN + seconds))
    found = flaggings.of(str(vis), [])
    assert [each.ended - BEGIN for each in calls(found) if each is not None] == [10, 21.25, 31.125, 40.5]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"task": "plotms"}', '{"made": 1, "undone": ""}'])
def test_a_record_that_cannot_be_read_is_no_call(text: str, tmp_path: Path) -> None:
    vis = tmp_path / "my.ms"
    (keep(vis, 1, 10) / "flags.json").write_text(text)
    assert flaggings.of(str(vis), []) == []


@pytest.mark.parametrize(
    ("used", "is_left_out"), [([5], True), ([25], False), ([35], True), ([5, 35], True), ([25, 35], False)]
)
def test_what_was_taken_back_is_left_out_unless_it_was_used_in_between(
    used: List[float], is_left_out: bool, tmp_path: Path
) -> None:
    vis = tmp_path / "my.ms"
    keep(vis, 1, 10)
    keep(vis, 2, 20, undone=moment(30))
    found = flaggings.of(str(vis), [])
    others = [call("split", seconds, vis) for seconds in used]
    left_out = flaggings.without_effect(found, [*others, *filter(None, calls(found))])
    assert left_out == ([found[1].call, found[1].undone] if is_left_out else [])


@pytest.mark.parametrize(
    ("before", "between", "is_said"),
    [
        ("state 1", [], False),
        ("other", [], True),
        ("other", ["split"], True),
        ("other", ["flagdata"], False),
        ("state 1", ["flagdata"], False),
    ],
)
def test_flags_that_changed_between_two_flaggings_are_said_to_have_unless_a_call_did_it(
    before: str, between: List[str], is_said: bool, tmp_path: Path
) -> None:
    vis = tmp_path / "my.ms"
    keep(vis, 1, 10)
    keep(vis, 2, 20, before=before)
    found = flaggings.of(str(vis), [])
    others = [call(task, 15, vis, changes=task == "flagdata") for task in between]
    said = list(flaggings.doubts(found, [*others, *filter(None, calls(found))]))
    assert bool(said) is is_said
    assert all("The flags of my.ms were changed between" in each for each in said)


def test_taking_back_explains_that_the_flags_are_others(tmp_path: Path) -> None:
    vis = tmp_path / "my.ms"
    keep(vis, 1, 10, undone=moment(15))
    keep(vis, 2, 20, before="state 0")
    found = flaggings.of(str(vis), [])
    assert list(flaggings.doubts(found, [each for each in calls(found) if each is not None])) == []
