from __future__ import annotations

import pytest

from casa_desktop.system.output import last_line, last_words


@pytest.mark.parametrize(
    ("output", "line", "words"),
    [
        (b"", "", ""),
        (b"\n \n", "", ""),
        (b"one\n", "one", "one"),
        (b"one\n  two \n\n", "two", "two"),
        (b"Error: no image\nhint: pull it\n", "hint: pull it", "Error: no image"),
        (b"ERROR: first\nfatal: second\nbye", "bye", "fatal: second"),
        (b"\x1b[31mFATAL: \x1b[0m no squashfs\n\x1b[0m\n", "FATAL:  no squashfs", "FATAL:  no squashfs"),
        (b"10 %\r90 %\r100 %\r", "100 %", "100 %"),
        (b"bell\x07 and \xff\x00 bytes\n\x07\n", "bell and \ufffd bytes", "bell and \ufffd bytes"),
    ],
)
def test_the_last_line_is_what_a_reader_would_take_for_it(output: bytes, line: str, words: str) -> None:
    assert last_line(output) == line
    assert last_words(output) == words
