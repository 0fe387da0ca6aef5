"""The line under a call that was not made."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence

import pytest
from casa_kernel.reuse import display

from casa_desktop.store.models import Record

LOG = {"counts": {"total": 1, "warn": 0, "severe": 0}, "messages": [["10:00", "INFO", "split", "<done>"]]}


def record(seconds: float = 192.0, shown: Sequence[Mapping[str, Any]] = ()) -> Record:
    return Record("ab12", "split", 1764439500.0, seconds, "[7]", None, shown, {}, {})


@pytest.mark.parametrize(
    ("outcome", "outputs", "words"),
    [
        ("in place", ["cal.ms"], "split: nothing to do. cal.ms is what this call made on "),
        (
            "put back",
            ["cal.ms", "cal.ms.flagversions"],
            "cal.ms, cal.ms.flagversions are again what this call made on ",
        ),
        ("in place", ["a", "b", "c", "d", "e"], "a, b, c and 2 more are what"),
        ("in place", [], "split: nothing to do. This is what the same call returned on "),
    ],
)
def test_it_says_what_was_spared_and_how_long_it_had_taken(outcome: str, outputs: List[str], words: str) -> None:
    line = display.line(record(), outcome, outputs, 0.004)
    assert words in line
    assert "it took 3:12" in line
    assert ("put back in 4 ms" in line) == (outcome == "put back")


@pytest.mark.parametrize(("seconds", "words"), [(0.0001, "1 ms"), (0.25, "250 ms"), (2.5, "2.5 s"), (75, "1:15")])
def test_durations_are_short(seconds: float, words: str) -> None:
    assert display.duration(seconds) == words


def test_front_ends_without_the_extension_show_the_line_and_the_log_as_html() -> None:
    shown = display.bundle(record(shown=[{"log": LOG}]), "split: <nothing> to do.", "It depends on <my.ms>.")
    assert "split: &lt;nothing&gt; to do. To make it again: reuse=False." in shown["text/html"]
    assert "&lt;done&gt;" in shown["text/html"]
    assert "<pre>It depends on &lt;my.ms&gt;.</pre>" in shown["text/html"]
    assert shown["text/plain"] == "split: <nothing> to do. To make it again: reuse=False."
    assert shown[display.MIME]["key"] == "ab12"
    assert shown[display.MIME]["why"] == "It depends on <my.ms>."
    assert shown[display.MIME]["log"]["counts"]["total"] == 1


def test_the_folded_log_shows_its_last_message_with_words() -> None:
    rows = [["10:00", "INFO", "split", text] for text in ("##### Begin #####", "##### End Task: split #####", "#" * 40)]
    log = {"counts": {"total": 3, "warn": 0, "severe": 0}, "messages": rows}
    shown = display.bundle(record(shown=[{"log": log}]), "", "")[display.MIME]["log"]
    assert shown["newest"] == ["10:00", "INFO", "split", "End Task: split"]


def test_a_call_that_logged_nothing_has_no_log() -> None:
    for shown in ([], [{"log": {"counts": {"total": 0, "warn": 0, "severe": 0}, "messages": []}}]):
        assert display.bundle(record(shown=shown), "", "")[display.MIME]["log"] is None


def test_pictures_and_texts_are_told_from_the_log() -> None:
    picture = {"data": {"image/png": "aGk="}, "metadata": {}}
    text = {"stream": "stdout", "text": "done\n", "native": False}
    assert display.under(record(shown=[text, picture, {"log": LOG}])) == [text, picture]
