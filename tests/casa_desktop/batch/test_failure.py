from __future__ import annotations

from casa_desktop.batch import failure


def test_a_cell_s_error_is_its_sentence_and_the_end_of_its_traceback() -> None:
    traceback = ["\x1b[0;31mValueError\x1b[0m: no antenna", *(f"line {number}" for number in range(30))]
    said = failure.of_cell(3, 9, {"ename": "ValueError", "evalue": "no antenna\nDA99", "traceback": traceback})
    lines = said.splitlines()
    assert lines[:2] == ["Cell 3 of 9 failed: ValueError: no antenna", "  …"]
    assert lines[2:] == [f"  line {number}" for number in range(10, 30)]


def test_an_error_without_a_traceback_is_a_line() -> None:
    said = failure.of_cell(1, 1, {"ename": "KeyboardInterrupt", "evalue": "", "traceback": []})
    assert said == "Cell 1 of 1 failed: KeyboardInterrupt: "
