from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from casa_desktop.__main__ import main
from casa_desktop.handwork.page import page
from casa_desktop.handwork.script import script

from ...support.handwork import record


def test_export_prints_the_script_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = record(tmp_path)
    assert main(["hand", "export", str(folder)]) == 0
    assert capsys.readouterr().out == script(folder)
    assert main(["hand", "export", str(folder), "-o", str(tmp_path / "first.py")]) == 0
    assert (tmp_path / "first.py").read_text() == script(folder)
    assert capsys.readouterr().out.startswith(f"Saved {tmp_path / 'first.py'} (")


@pytest.mark.parametrize("slash", ["", "/"])
def test_show_writes_the_page_beside_the_handwork(
    slash: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path)
    assert main(["hand", "show", f"{folder}{slash}"]) == 0
    written = tmp_path / "first.html"
    assert written.read_text(encoding="utf-8") == page(folder)
    assert capsys.readouterr().out.startswith(f"Saved {written} (")
    assert main(["hand", "show", str(folder), "-o", "-"]) == 0
    assert capsys.readouterr().out == page(folder)


@pytest.mark.parametrize("command", ["show", "export"])
def test_a_folder_without_handwork_is_an_error_of_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hand", command, str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"casa-desktop: There is no handwork in {tmp_path}. ")
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = record(tmp_path, deconvolver="asp")
    assert main(["hand", "export", str(folder), "-o", str(tmp_path / "first.py")]) == 1
    assert "with deconvolver='asp'" in capsys.readouterr().err
    assert not (tmp_path / "first.py").exists()


def test_a_python_without_numpy_is_told_what_to_install(tmp_path: Path) -> None:
    folder = record(tmp_path)
    # As an import that fails: numpy is there.
    code = "import sys; sys.modules['numpy'] = None; from casa_desktop.__main__ import main; sys.exit(main())"
    result = subprocess.run(
        [sys.executable, "-c", code, "hand", "export", str(folder)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.rstrip().endswith("-m pip install numpy'")


def test_names_that_the_terminal_cannot_say_are_no_reason_to_fail(tmp_path: Path) -> None:
    home = tmp_path / "m31 ä"
    home.mkdir()
    folder = record(home, vis="ä.ms")
    for command in (["export", str(folder)], ["show", str(folder), "-o", "-"]):
        words = [sys.executable, "-m", "casa_desktop", "hand", *command]
        environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
        result = subprocess.run(words, env=environment, capture_output=True, check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("words", [["hand"], ["hand", "show"], ["hand", "export", ""]])
def test_a_command_that_is_not_whole_is_a_wrong_argument(words: List[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: casa-desktop" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["hand", "hand show", "hand export"])
def test_help_is_given(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "%(" not in capsys.readouterr().out


@pytest.mark.parametrize(("line", "known"), [("", ["export", "show"]), ("export fi", ["first.hand/"])])
def test_commands_and_folders_are_completed(line: str, known: List[str], tmp_path: Path) -> None:
    record(tmp_path)
    (tmp_path / "first.ms.txt").touch()
    told, line = tmp_path / "told", f"casa-desktop hand {line}"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    argv = [sys.executable, "-m", "casa_desktop"]
    subprocess.run(argv, env={**os.environ, **variables}, check=True, cwd=tmp_path)
    assert sorted(each.strip() for each in told.read_text().split("\n") if not each.startswith("-")) == known
