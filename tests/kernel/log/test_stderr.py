"""What CASA's C++ writes to standard error, sorted."""

from __future__ import annotations

from typing import List

import pytest
from casa_kernel.log.stderr import SCALE, NativeText

WARNING = "2026-11-21 11:00:00\tWARN\ttclean::::casa\tsomething is odd\n"


def passed(pieces: List[str], drop_log: bool = False) -> str:
    reader = NativeText()
    # The last character is part of no scale and of no line of the log: all that was held back comes before it.
    return "".join(reader.feed(piece, drop_log)[0] for piece in [*pieces, "|"])[:-1]


@pytest.mark.parametrize(
    "pieces", [["\n" + SCALE], list("\n" + SCALE), [SCALE[:7], SCALE[7:20], SCALE[20:]], list(SCALE[2:])]
)
def test_the_percent_scale_is_taken_out_of_the_text(pieces: List[str]) -> None:
    assert passed(["before\n", *pieces, "after\n"]) == "before\nafter\n"


def test_the_scale_is_two_per_cent_a_dot() -> None:
    reader, fractions = NativeText(), []
    for piece in ("0%....10", "....20", "..", "..30....40", "....50....60....70....80....90....10", "0%\n"):
        reader.feed(piece, False)
        fractions.append(reader.fraction)
    assert fractions == [0.1, 0.2, 0.24, 0.4, 1.0, None]


@pytest.mark.parametrize(
    "text", ["0% of the data\n", "...\n", "\n\n0%\n", "10%\n", "a.b\n.....\n", "....1\n", "\n....", "x" * 9999, WARNING]
)
@pytest.mark.parametrize("whole", [True, False])
def test_text_that_is_no_scale_is_passed_on_whole(text: str, whole: bool) -> None:
    assert passed([text] if whole else list(text)) == text


@pytest.mark.parametrize("whole", [True, False])
def test_a_line_of_the_log_in_the_middle_of_the_scale_is_passed_on_or_dropped(whole: bool) -> None:
    text = SCALE[:12] + WARNING + SCALE[12:]
    pieces = [text] if whole else [SCALE[:12], WARNING[:25], WARNING[25:], SCALE[12:]]
    assert passed(pieces) == WARNING
    assert passed(pieces, drop_log=True) == ""


def test_other_lines_stay_when_those_of_the_log_are_dropped() -> None:
    assert (
        passed(["one\n" + WARNING + "two\n", WARNING, "2026 was a year\n"], drop_log=True)
        == "one\ntwo\n2026 was a year\n"
    )


@pytest.mark.parametrize("size", [64, 4096, 1 << 16])
def test_a_line_of_the_log_without_end_is_dropped_to_its_end(size: int) -> None:
    text = "before\n" + WARNING[:-1] + "x" * 2_000_000 + "\nbehind\n"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert passed(pieces, drop_log=True) == "before\nbehind\n"


@pytest.mark.parametrize("end", ["", "\n"])
def test_another_scale_may_begin_before_the_end_of_one(end: str) -> None:
    reader = NativeText()
    reader.feed("\n0%....10....20....30" + end, False)
    if not end:
        reader.end_scale()
    assert reader.feed("\n0%....10....20", False)[0].strip() == ""
    assert reader.fraction == 0.2
