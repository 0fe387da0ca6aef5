"""CASA's log as messages, and as a notebook shows them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import pytest
from casa_kernel.log.file import LogFile, reserve
from casa_kernel.log.parser import CUT, Message, Tally, messages
from casa_kernel.log.view import MIME, View, elapsed

FIRST = b"2026-11-21 11:00:00\tINFO\t::casa\tfirst"
TWO_LINES = [
    b"2026-11-21 11:00:01\tSEVERE\timage::open (file src/tools/image_cmpt.cc, line 4208)\tException Reported",
    b"2026-11-21 11:00:01\tSEVERE\timage::open (file src/tools/image_cmpt.cc, line 4208)+\twith\ttab",
]


def line(priority: str, text: str) -> bytes:
    return f"2026-11-21 11:00:00\t{priority}\t::casa\t{text}".encode()


def tally(*lines: bytes, limit: int = 400) -> Tally:
    found = Tally(limit)
    found.add(lines)
    return found


def view(**given: Any) -> View:
    some = Message("2026-11-21 11:00:00", "INFO", "::casa", "a < b & c")
    usual: Dict[str, Any] = {"logfile": Path("/data/casa.log"), "total": 1, "warn": 0, "severe": 0}
    return View(**{**usual, "newest": some, "messages": [some], "folder": Path("/data"), **given})


# Messages


def test_the_lines_of_a_message_are_one_message_without_the_place_in_casa_s_source() -> None:
    found = tally(FIRST, *TWO_LINES)
    assert (found.total, found.severe) == (2, 1)
    assert found.select(10)[1] == ("2026-11-21 11:00:01", "SEVERE", "image::open", "Exception Reported\nwith\ttab")


def test_a_message_may_come_in_two_pieces() -> None:
    found = tally(FIRST, TWO_LINES[0])
    found.add(TWO_LINES[1:])
    assert found.total == 2
    assert found.select(10)[1].text == "Exception Reported\nwith\ttab"


def test_what_is_no_log_line_belongs_to_the_message_before_it() -> None:
    found = tally(b"from nowhere", FIRST, b"printed by something else")
    assert [each.text for each in found.select(10)] == ["from nowhere", "first\nprinted by something else"]


def test_the_newest_message_is_one_that_says_something() -> None:
    newest = tally(FIRST, line("INFO", "##### End Task: listobs  #####"), line("INFO", "####"), line("INFO", "")).newest
    assert newest is not None
    assert newest.text == "End Task: listobs"


def test_errors_and_warnings_are_kept_before_others_and_in_their_order() -> None:
    lines = [line("INFO", f"i{number}") for number in range(1000)]
    lines[10], lines[20], lines[30] = line("WARN", "w1"), line("SEVERE", "s1"), line("WARN", "w2")
    found = tally(*lines, limit=8)
    assert [each.text for each in found.select(8)] == ["w1", "s1", "w2", "i995", "i996", "i997", "i998", "i999"]


def test_a_flood_of_warnings_leaves_room_for_errors_and_the_newest() -> None:
    lines = [line("WARN", f"w{number}") for number in range(1000)] + [line("SEVERE", "s")] + [line("INFO", "i")] * 3
    found = tally(*lines, limit=40)
    texts = [each.text for each in found.select(40)]
    assert (found.warn, found.severe, len(texts)) == (1000, 1, 40)
    assert "s" in texts
    assert texts[-3:] == ["i", "i", "i"]


@pytest.mark.parametrize(
    "lines",
    [
        [FIRST, *[b"x" * 1000] * 1000],
        [FIRST, *[b"x"] * 1000],
        [FIRST, b"x" * 1001],
        [line("WARN", "x" * 100_000_000)],
        [line("WARN", "é" * 5000)],
    ],
    ids=["long and many", "many lines", "a long line", "one of 100 MB", "of two bytes each"],
)
def test_a_message_without_end_is_cut_and_says_so(lines: List[bytes]) -> None:
    [found] = tally(*lines).select(1)
    assert len(found.text) < 10_000
    assert found.text.endswith(CUT)
    shown = view(newest=found, messages=[found], serious=[found])
    assert "/data/casa.log" in shown.html()
    assert "/data/casa.log" in shown.plain()
    assert len(json.dumps(shown.bundle(), ensure_ascii=False)) < 40_000


@pytest.mark.parametrize(
    "lines", [[FIRST, *[b"x" * 1000] * 1000], [line("WARN", "x" * 9000)]], ids=["many lines", "a long line"]
)
def test_so_is_one_that_somebody_asks_for(lines: List[bytes]) -> None:
    [found] = messages(lines)
    assert found.text.endswith(CUT)
    assert len(found.text) < 10_000


def test_a_message_that_fits_is_whole() -> None:
    [found] = tally(line("WARN", "x" * 7000)).select(1)
    assert (found.text, CUT in found.text) == ("x" * 7000, False)


def test_many_long_messages_do_not_fit() -> None:
    found = tally(*[line(priority, "x" * 9000) for priority in ("WARN", "SEVERE", "INFO") for _ in range(400)])
    kept = found.select(400)
    assert sum(len(each.text) for each in kept) < 250_000
    assert {each.priority for each in kept} == {"SEVERE", "INFO"}


# The file


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "casa.log"
    path.write_bytes(b"old\n")
    file = LogFile.open(path)
    assert file is not None
    with path.open("ab", buffering=0) as log:
        log.write(b"one\ntw")
        first = [each for lines in file.pieces() for each in lines]
        log.write(b"o\n")
        second = [each for lines in file.pieces() for each in lines]
        log.write(b"y" * 3_000_000 + b"\nthree\n")
        third = [each for lines in file.pieces() for each in lines]
    file.close()
    assert (first, second) == ([b"one"], [b"two"])
    assert [len(each) for each in third] == [1 << 16, 5]


@pytest.mark.parametrize("kind", ["nowhere", "folder"])
def test_what_is_no_file_is_no_log(tmp_path: Path, kind: str) -> None:
    (tmp_path / "folder").mkdir()
    assert LogFile.open(tmp_path / kind) is None


def test_the_name_that_casa_made_up_is_reserved_and_the_user_s_left_alone(tmp_path: Path) -> None:
    own, mine = str(tmp_path / "casa-20261121-110000.log"), str(tmp_path / "mine.log")
    assert reserve(own) == own
    assert reserve(own) != own
    assert reserve(mine) == reserve(mine) == mine
    assert reserve(str(tmp_path / "nowhere" / "casa-20261121-110000.log")).endswith("nowhere/casa-20261121-110000.log")


# What is shown


class Elements(HTMLParser):
    """Collects elements with their attributes and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: Set[Tuple[str, str]] = set()
        self.styles: Set[str] = set()
        self.texts: List[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Any]]) -> None:
        self.found |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        for name, value in attrs:
            if name == "style":
                self.styles |= {part.partition(":")[0] for part in value.split(";")}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


PROGRESS = {"label": "tclean", "fraction": 0.4, "elapsed": 72.0, "detail": "major cycle 3"}


def test_the_html_keeps_to_what_an_untrusted_notebook_may_show() -> None:
    elements = Elements(view(total=9, severe=1, progress=PROGRESS).html())
    # From JupyterLab's list, sanitizer.ts in @jupyterlab/apputils 4.
    styled = {(tag, "style") for tag in ("summary", "div", "table", "td", "b")}
    others = {("details", "open"), ("a", "href"), ("a", "target"), ("progress", "max"), ("progress", "value")}
    assert {each for each in elements.found if each[1]} == styled | others
    tags = {"details", "summary", "div", "table", "tr", "td", "b", "a", "progress"}
    assert {tag for tag, _ in elements.found} == tags
    assert elements.styles <= {
        "cursor", "font-family", "font-size", "max-height", "overflow", "margin", "text-align", "vertical-align",
        "white-space", "color",
    }  # fmt: skip
    assert "a < b & c" in elements.texts


def test_the_table_is_folded_until_there_is_an_error_or_somebody_asks() -> None:
    opened = [("details", "open") in Elements(each.html()).found for each in (view(), view(severe=1), view(whole=True))]
    assert opened == [False, True, True]
    assert [each.json()["open"] for each in (view(), view(severe=1), view(whole=True))] == opened


def test_the_rest_is_a_link_where_the_notebook_s_server_can_follow_it() -> None:
    assert '<a href="casa.log"' in view(total=5).html()
    assert "4 more messages in /data/casa.log" in view(total=5, folder=Path("/data/other")).html()
    assert "more message" not in view().html()


def test_plain_text_has_the_counts_the_newest_and_what_is_serious() -> None:
    bad = Message("2026-11-21 11:00:00", "SEVERE", "image::open", "no such file")
    assert view(total=3, severe=2, serious=[bad]).plain().split("\n") == [
        "CASA log: 3 messages, 2 errors · a < b & c",
        "SEVERE image::open: no such file",
        "… 1 more in /data/casa.log",
    ]


def test_a_bar_is_drawn_with_characters_in_plain_text_and_moves_by_itself_without_a_fraction() -> None:
    assert "tclean [########............] 40% 1:12, major cycle 3" in view(progress=PROGRESS).plain()
    assert ("progress", "value") not in Elements(view(progress={**PROGRESS, "fraction": None}).html()).found


def test_the_json_is_what_the_lab_extension_reads() -> None:
    shown = view(total=5, warn=1, progress=PROGRESS, running=True).bundle()[MIME]
    assert shown == {
        "version": 1,
        "state": "running",
        "logfile": "/data/casa.log",
        "counts": {"total": 5, "warn": 1, "severe": 0},
        "newest": ["2026-11-21 11:00:00", "INFO", "::casa", "a < b & c"],
        "messages": [["2026-11-21 11:00:00", "INFO", "::casa", "a < b & c"]],
        "omitted": 4,
        "progress": PROGRESS,
        "open": False,
    }


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (59.9, "59 s"), (61, "1:01"), (3723, "1:02:03")])
def test_durations_are_short(seconds: float, said: str) -> None:
    assert elapsed(seconds) == said
