"""Why a call ran, in the words that ``%casa_reuse why`` shows."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

import pytest
from casa_kernel.reuse.session import FAILED, RAN, REUSED, Session, Story

from casa_desktop.store.models import NOTHING, State

MS = "/data/my.ms"
COLUMNS = {"table.f5": "CORRECTED_DATA", "table.f3": "FLAG"}


def columns(path: str, files: Sequence[str]) -> List[str]:
    assert path == MS
    return [COLUMNS[each] for each in files if each in COLUMNS]


def state(**files: str) -> State:
    return State.of({name.replace("_", "."): digest for name, digest in files.items()}, {})


FIRST, FLAGGED, CORRECTED = state(table_f3="0", table_f5="0"), state(table_f3="1", table_f5="0"), state(table_f5="1")


def split(cell: str, before: State, outcome: str = RAN, **changed: Any) -> Story:
    """A call of split that reads the MeasurementSet and makes another one."""
    parts = {"argument width": "1", f"input {MS}": before.digest, "output /data/cal.ms": "", **changed.pop("parts", {})}
    story: Dict[str, Any] = {"before": {MS: before}, "after": {}, **changed, "parts": parts}
    return Story("split", cell, outcome, **story)


def changing(task: str, cell: str, before: State, after: State) -> Story:
    return Story(task, cell, RAN, parts={f"output {MS}": ""}, before={MS: before}, after={MS: after})


def why(*stories: Story, task: str = "", kept: Mapping[str, Story] = {}) -> str:
    session = Session(columns)
    for each in stories:
        session.add(each)
    return session.why(task, lambda story: kept.get(story.task))


def test_a_rerun_names_the_column_the_task_and_the_cell_that_caused_it() -> None:
    told = why(
        split("[1]", FIRST),
        changing("flagdata", "[2]", FIRST, FLAGGED),
        changing("applycal", "[7]", FLAGGED, CORRECTED),
        split("[8]", state(table_f3="0", table_f5="1")),
    )
    assert told == "split in cell [8] ran:\n  CORRECTED_DATA (table.f5) of my.ms was written by applycal in cell [7]"


def test_a_changed_file_that_no_call_wrote_is_named_all_the_same() -> None:
    told = why(split("[1]", FIRST), split("[2]", FLAGGED))
    assert told == "split in cell [2] ran:\n  FLAG (table.f3) of my.ms was changed"


def test_a_call_that_left_the_file_as_it_was_did_not_cause_the_rerun() -> None:
    told = why(split("[1]", FIRST), changing("flagdata", "[2]", FIRST, FIRST), split("[3]", FLAGGED))
    assert "flagdata" not in told


@pytest.mark.parametrize(("order", "words"), [((0, 1), "now"), ((1, 0), "no longer")])
def test_a_rerun_names_an_input_that_only_one_call_had(order: Tuple[int, int], words: str) -> None:
    model, made = "/data/model.im", state(table_f0="0")
    with_model = split("[2]", FIRST, parts={f"input {model}": made.digest})
    with_model.before[model] = made
    calls = [split("[1]", FIRST), with_model]
    assert why(*(calls[each] for each in order)).endswith(f" ran:\n  model.im is {words} among its inputs")


def test_a_rerun_does_not_name_as_inputs_what_was_never_there() -> None:
    first, second = (
        split(cell, FIRST, parts={"argument expr": expr, f"input /data/{expr}": NOTHING.digest})
        for cell, expr in (("[1]", "IM0+1"), ("[2]", "IM0+2"))
    )
    first.before["/data/IM0+1"] = NOTHING
    assert why(first, second) == "split in cell [2] ran:\n  expr was IM0+1 and is IM0+2"


def test_a_rerun_names_the_argument_that_differs() -> None:
    told = why(split("[1]", FIRST), split("[2]", FIRST, parts={"argument width": "4"}))
    assert told == "split in cell [2] ran:\n  width was 1 and is 4"


def test_many_differences_are_cut_short() -> None:
    parts = {f"argument a{number}": "new" for number in range(9)}
    told = why(split("[1]", FIRST), split("[2]", FIRST, parts=parts)).splitlines()
    assert len(told) == 7
    assert told[-1] == "  and 4 more"


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (split("[2]", FIRST), "ran: no call of it with these outputs is kept"),
        (split("[2]", FIRST, reason="my.ms is open in tb"), "ran: my.ms is open in tb."),
        (split("[2]", FIRST, FAILED), "It failed, so that it will be made again."),
        (
            split("[2]", FIRST, REUSED, first="cell [1]"),
            "all that it depends on is as it was in cell",
        ),
        (split("[2]", FIRST, unkept="the disk is full"), "Its result was not kept: the disk is full."),
    ],
)
def test_each_outcome_has_its_reason(story: Story, words: str) -> None:
    assert words in why(story)


def test_a_reused_call_tells_what_it_depends_on() -> None:
    parts = {"surroundings numpy": "2", "surroundings CASA's data": "b", "input /data/no.mask": ""}
    told = why(split("[2]", FIRST, REUSED, first="cell [1] on 1 May", parts=parts))
    assert told.splitlines() == [
        "split in cell [2] did not run: all that it depends on is as it was in cell [1] on 1 May.",
        "  the contents of my.ms",
        "  that there is no no.mask",
        "  the values of its 1 parameters",
        "  numpy, CASA's data",
    ]


def test_a_call_of_a_former_session_is_compared_too() -> None:
    told = why(split("[1]", FIRST), kept={"split": split("[9]", FIRST, parts={"argument width": "4"})})
    assert told == "split in cell [1] ran:\n  width was 4 and is 1"


def test_a_task_that_was_not_called_says_so() -> None:
    assert "tclean has not been called" in why(split("[1]", FIRST), task="tclean")
    assert "No task has been called" in why()


def test_an_output_that_was_not_there_counts_as_written() -> None:
    made = Story("split", "[3]", RAN, parts={"output /data/my.ms": ""}, before={}, after={MS: FIRST})
    later = split("[4]", FIRST)
    assert "was written by split in cell [3]" in why(split("[1]", NOTHING), made, later, task="split")
