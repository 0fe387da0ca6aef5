"""``%casa_log``, and casalogger in the cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping

import pytest
from casa_kernel.errors import BadParameter
from casa_kernel.log.query import bundle, query
from casa_kernel.log.view import MIME

from ....support.notebook import Cell, Notebook, follow_elsewhere

LOG = """\
2026-11-21 11:00:00\tINFO\ttclean::::casa\tone
2026-11-21 11:00:01\tWARN\ttclean::SynthesisImager::weight() \ttwo beams
2026-11-21 11:00:01\tWARN\ttclean::SynthesisImager::weight() +\tand more of two
2026-11-21 11:00:02\tSEVERE\tflagdata::::casa\tthree
2026-11-21 11:00:03\tDEBUG1\tflagdata::::casa\tfour
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "casa.log"
    path.write_text(LOG)
    return path


def shown(data: Mapping[str, Any]) -> List[str]:
    return [message[3].split()[0] for message in data[MIME]["messages"]]


@pytest.mark.parametrize(
    ("words", "origin", "number", "found"),
    [
        ([], None, None, ["one", "two", "three", "four"]),
        (["info"], None, None, ["one", "two", "three"]),
        (["warn"], None, None, ["two", "three"]),
        (["SEVERE"], None, None, ["three"]),
        (["o.e"], None, None, ["one", "two"]),
        (["warn", "BEAMS"], None, None, ["two"]),
        ([], "^tclean", None, ["one", "two"]),
        ([], None, 2, ["three", "four"]),
        (["nothing"], None, None, []),
    ],
)
def test_what_is_asked_for_is_shown(log: Path, words: List[str], origin: Any, number: Any, found: List[str]) -> None:
    data = bundle(log, query(words, origin, number))
    assert shown(data) == found
    assert data[MIME]["open"]
    assert all(word in data["text/plain"] for word in found)


@pytest.mark.parametrize(
    ("words", "origin", "number", "said"),
    [
        (["warn", "info"], None, None, "'warn' and 'info'"),
        (["two", "beams"], None, None, "'two' and 'beams'"),
        (["("], None, None, "no regular expression"),
        ([], "*", None, "no regular expression"),
        ([], None, 0, "from 1 to 400"),
        ([], None, 401, "from 1 to 400"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(words: List[str], origin: Any, number: Any, said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        query(words, origin, number)


def texts(cell: Cell) -> List[str]:
    return [message[3] for message in cell.logs[-1][MIME]["messages"]]


def test_the_magic_shows_the_session_s_log_once(notebook: Notebook) -> None:
    notebook.run("casalog.post('a word'); casalog.post('a warning', 'WARN')")
    cell = notebook.run("%casa_log 'a w' -n 2")
    assert len(cell.logs) == 1
    assert texts(cell) == ["a word", "a warning"]
    assert texts(notebook.run("casa_log warn 'a w'"))[-1] == "a warning"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--colour", "unrecognized arguments"),
        ("-n many", "invalid int"),
        ("'open", "quotation mark"),
        ("a b", "one of"),
    ],
)
def test_bad_arguments_are_answered_in_a_sentence(notebook: Notebook, line: str, said: str) -> None:
    cell = notebook.run(f"%casa_log {line}")
    answer = cell.text + ("\n".join(cell.error["traceback"]) if cell.error else "")
    assert said in answer
    assert "Traceback" not in answer


def test_help_tells_the_arguments(notebook: Notebook) -> None:
    answer = notebook.client.inspect("%casa_log", 9, reply=True, timeout=60)["content"]
    assert "--origin" in answer["data"]["text/plain"]


def test_off_leaves_the_cells_without_a_log_and_on_brings_it_back(notebook: Notebook) -> None:
    notebook.run("%casa_log off")
    off = notebook.run("casalog.post('unseen')")
    notebook.run("%casa_log on")
    on = notebook.run("casalog.post('seen')")
    assert off.logs == []
    assert texts(on) == ["seen"]


def test_the_magic_stands_beside_the_log_of_its_own_cell(notebook: Notebook) -> None:
    cell = notebook.run("casalog.post('before')\n%casa_log before -n 1\ncasalog.post('after')")
    assert texts(cell) == ["before", "after"]
    assert any(log[MIME]["open"] and log[MIME]["counts"]["total"] >= 1 for log in cell.logs)


def test_the_log_is_followed_until_the_kernel_is_interrupted(notebook: Notebook) -> None:
    cell = follow_elsewhere(notebook, Path(notebook.run("print(casalog.logfile())").text.strip()))
    assert cell.error is None
    assert texts(cell) == ["from elsewhere"]
    assert cell.logs[-1][MIME]["state"] == "done"
    assert len(cell.of("display_data")) == 1


def test_words_are_completed(notebook: Notebook) -> None:
    assert "severe" in notebook.client.complete("%casa_log s", 11, reply=True, timeout=60)["content"]["matches"]


@pytest.mark.parametrize("gone", ["os.remove(log)", "os.rename(log, log + '.old')"])
def test_a_log_that_is_gone_goes_on_in_a_new_file_of_its_name(notebook: Notebook, gone: str) -> None:
    same = notebook.run(f"import os; log = casalog.logfile(); {gone}\n%casa_log")
    assert same.error is None
    assert "goes on in a new file of that name" in same.text
    notebook.run(f"{gone}; casalog.post('between')")
    after = notebook.run("casalog.post('after'); print(open(log).read())")
    assert "goes on" not in after.text
    assert after.text.rstrip().endswith("after")
    assert "after" in texts(notebook.run("%casa_log after"))


def test_a_log_whose_folder_is_gone_is_told_once(notebook: Notebook, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    cell = notebook.run(
        f"import shutil; log = casalog.logfile(); casalog.setlogfile('{folder}/a.log'); shutil.rmtree('{folder}')"
    )
    again = notebook.run("casalog.post('lost')")
    shown = notebook.run("%casa_log")
    notebook.run("casalog.setlogfile(log)")
    assert "choose another with casalog.setlogfile" in cell.text
    assert again.text == ""
    assert shown.error is not None
    assert shown.error["ename"] == "NoSuchPath"
    assert texts(notebook.run("casalog.post('back')")) == ["back"]


@pytest.mark.parametrize(("path", "name"), [("/nosuch/x", "NoSuchFolder"), ("/tmp", "NotWritable")])
def test_a_log_that_could_not_be_written_is_refused(notebook: Notebook, path: str, name: str) -> None:
    cell = notebook.run(f"casalog.setlogfile('{path}')")
    assert cell.error is not None
    assert cell.error["ename"] == name
    assert texts(notebook.run("casalog.post('still here')")) == ["still here"]
