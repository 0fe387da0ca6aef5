from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from casa_desktop.__main__ import main


def test_start_status_screenshot_stop(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "--json", "--geometry", "1000x700"]) == 0
    started = json.loads(capsys.readouterr().out)
    assert started["name"] == "main"
    assert started["state"] == "running"
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [started]
    assert main(["screenshot", str(tmp_path / "shot.png")]) == 0
    with Image.open(tmp_path / "shot.png") as picture:
        assert picture.size == (1000, 700)
    assert main(["screenshot", "--window", "nobody"]) == 1
    assert "called 'nobody'; there is none at all" in capsys.readouterr().err
    assert main(["stop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["main"]
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "No desktop is running.\n"


@pytest.mark.parametrize("command", ["stop", "screenshot"])
def test_what_needs_a_desktop_says_that_none_is_running(
    root: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 1
    assert "is not running" in capsys.readouterr().err


def test_a_bad_name_is_one_line_on_standard_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "--name", "../etc"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("casa-desktop: '../etc' is no name")


@pytest.mark.parametrize("command", ["start", "stop", "status", "screenshot", "doctor"])
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: casa-desktop" in capsys.readouterr().out


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "casa_desktop", "--version"], stdout=subprocess.PIPE, check=True)
    assert done.stdout.startswith(b"casa-desktop ")
