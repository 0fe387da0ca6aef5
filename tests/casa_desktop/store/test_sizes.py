from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa_desktop.errors import InvalidSetting
from casa_desktop.store import sizes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("200 GB", 200_000_000_000),
        ("1.5TB", 1_500_000_000_000),
        (" 10 k ", 10_000),
        ("7", 7),
        ("7 bytes", 7),
        ("1 byte", 1),
        ("0", 0),
        (123, 123),
        ("2 mb", 2_000_000),
    ],
)
def test_a_size_is_read_as_people_write_it(text: object, number: int) -> None:
    assert sizes.parsed(text) == number  # type: ignore[arg-type]


@given(st.text() | st.integers() | st.from_regex(r"[0-9.eE+-]+ ?[kMGTPE]?B?", fullmatch=True))
def test_any_text_is_a_size_or_is_refused(text: object) -> None:
    try:
        number = sizes.parsed(text)  # type: ignore[arg-type]
    except InvalidSetting:
        return
    assert 0 <= number <= 10**18


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (16_384, "16.4 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_250_000_000, "1.25 GB"),
        (10**18 // 2, "500 PB"),
    ],
)
def test_a_size_is_shown_with_three_digits_and_a_unit(number: int, text: str) -> None:
    assert sizes.shown(number) == text


@given(st.integers(0, 10**18 - 10**15))
def test_a_size_that_is_shown_can_be_read(number: int) -> None:
    assert sizes.parsed(sizes.shown(number)) == pytest.approx(number, rel=0.006)
