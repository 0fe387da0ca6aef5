from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from casa_desktop.__main__ import main
from casa_desktop.store import sizes
from casa_desktop.store.store import Store

from ...support.reuse import SECONDS, call, flag, table


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data, which is the present one, and a store with the results of two tasks."""
    monkeypatch.delenv("CASA_DESKTOP_STORE", raising=False)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(folder)
    store, ms = Store.of(folder, {}), folder / "my.ms"
    for task, work in (("split", table), ("flagdata", flag), ("flagdata", lambda path: flag(path, 3))):
        record = call(store, lambda: work(ms), [ms], task)  # noqa: B023
        store.keep(record, SECONDS)
    for _ in range(120):
        store.put_back(record)
    store.set_limit("20 GB")
    return folder


def taken(data: Path) -> str:
    return sizes.shown(Store.of(data, {}).usage().taken)


def test_the_status_says_what_is_kept_and_what_it_has_saved(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reuse", "status"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"{data / '.casa-reuse'}: 3 results (flagdata 2, split)"
    assert second.startswith(f"  takes {taken(data)} of at most 20 GB, in 7 files; ")
    assert second.endswith("B are free on its disk")
    assert third == "  has saved 3 h 20 min of computing"
    assert main(["reuse", "status", str(data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["records"], told["tasks"]["flagdata"], told["limit"]) == (3, 2, 20_000_000_000)


@pytest.mark.parametrize("words", [["status"], ["check"], ["clear"], ["limit"]])
def test_where_nothing_is_kept_nothing_is_made(
    words: List[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reuse", *words, str(tmp_path)]) == 0
    assert f"{tmp_path / '.casa-reuse'}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_store_that_the_environment_names_is_the_one_meant(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_STORE", str(tmp_path / "elsewhere"))
    assert main(["reuse", "status"]) == 0
    assert capsys.readouterr().out == f"No results are kept in {tmp_path / 'elsewhere'}.\n"
    # A folder that is named is the one meant; that of the store itself will do, too.
    for folder in (data, data / ".casa-reuse"):
        assert main(["reuse", "status", str(folder)]) == 0
        assert "3 results" in capsys.readouterr().out


def test_a_check_finds_damage_removes_it_and_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reuse", "check"]) == 0
    store = data / ".casa-reuse"
    assert capsys.readouterr().out == f"✓ {store}: 3 results in 7 files ({taken(data)}) are whole\n"
    record = next(iter((store / "records").iterdir()))
    record.write_bytes(record.read_bytes()[:-9])
    assert main(["reuse", "check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"✗ the record {record.name[:16]}… is not as it was written; it was removed"
    assert said[1].startswith(f"✗ {store}: 2 results in ")
    assert said[1].endswith(" are whole, the others were removed")
    assert main(["reuse", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["damaged"] == []


def test_what_is_cleared_is_gone_and_the_data_stay(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(path.name for path in data.iterdir())
    all_of_it = taken(data)
    assert main(["reuse", "clear"]) == 0
    assert capsys.readouterr().out == f"Removed 3 results from {data / '.casa-reuse'}: {all_of_it}.\n"
    assert main(["reuse", "clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 0
    assert sorted(path.name for path in data.iterdir()) == files


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ([], "20 GB"),
        (["200", "GB"], "200 GB"),
        (["1.5TB"], "1.5 TB"),
        (["30 kB"], "30 kB"),
        (["7GB", "."], "7 GB"),
        (["7", "GB", "."], "7 GB"),
        (["."], "20 GB"),
    ],
)
def test_the_limit_is_shown_or_changed(
    words: List[str], limit: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reuse", "limit", *words]) == 0
    assert capsys.readouterr().out == f"The results in {data / '.casa-reuse'} take at most {limit}.\n"
    assert main(["reuse", "limit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(data / ".casa-reuse")
    assert Store.of(data, {}).usage().taken <= Store.of(data, {}).limit


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "/nowhere"], "FOLDER is '/nowhere', but should be a folder that exists."),
        (["limit", "much"], "The limit is 'much', but should be a size like '200 GB' or '1.5 TB'."),
        (["limit", "7", "GB", "/nowhere"], "The limit is '7 GB /nowhere', but should be a size"),
        (["limit", "much", "."], "The limit is 'much', but should be a size"),
    ],
)
def test_what_cannot_be_done_is_one_line_on_standard_error(
    words: List[str], said: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reuse", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("casa-desktop: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


@pytest.mark.parametrize("command", ["status", "check", "clear", "limit"])
def test_a_store_that_others_could_change_is_refused(
    command: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / ".casa-reuse").chmod(0o777)
    assert main(["reuse", command]) == 1
    assert "cannot be used: other users may write to it." in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["nonsense"]])
def test_a_wrong_command_line_is_told(words: List[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reuse", *words])
    assert ended.value.code == 2
    assert "usage: casa-desktop reuse" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["reuse", "reuse status", "reuse limit"])
def test_help_is_given(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "%(" not in capsys.readouterr().out


@pytest.mark.parametrize(("line", "known"), [("status da", ["data/"]), ("", ["check", "clear", "limit", "status"])])
def test_commands_and_folders_are_completed(line: str, known: List[str], data: Path) -> None:
    told = data.parent / "told"
    line = f"casa-desktop reuse {line}"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    argv = [sys.executable, "-m", "casa_desktop"]
    subprocess.run(argv, env={**os.environ, **variables}, check=True, cwd=data.parent)
    assert sorted(each.strip() for each in told.read_text().split("\n") if not each.startswith("-")) == known
