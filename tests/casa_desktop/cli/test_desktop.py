from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
from PIL import Image

from casa_desktop.__main__ import main
from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.runtime.settings import Settings


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
    assert "called 'nobody'; it has no windows" in capsys.readouterr().err
    assert main(["stop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["main"]
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "No desktop is running.\n"


def test_all_that_are_running_are_stopped_and_none_is_no_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("m31", "main"):
        lifecycle.ensure(name)
    assert main(["stop", "--all"]) == 0
    assert capsys.readouterr().out == "Stopped: m31, main.\n"
    assert registry.list_desktops() == []
    assert main(["stop", "--all"]) == 0
    assert capsys.readouterr().out == ""


def test_restart_starts_a_desktop_afresh_and_one_that_was_not_running(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pids = []
    for _ in range(2):
        assert main(["restart", "--name", "m31", "--json"]) == 0
        pids.append(json.loads(capsys.readouterr().out)["supervisor_pid"])
    assert pids[0] != pids[1]
    assert [record.name for record in registry.list_desktops()] == ["m31"]


def test_a_desktop_s_idle_limit_is_the_option_s_or_the_environment_s(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_IDLE_MINUTES", "60")
    for words, minutes in (([], 60), (["--idle", "0.5"], 0.5), (["--idle", "0"], 0)):
        assert main(["restart", "--json", *words]) == 0
        assert json.loads(capsys.readouterr().out)["idle_minutes"] == minutes
    assert main(["restart", "--idle", "-1"]) == 1
    assert "idle_minutes is -1.0, but should be" in capsys.readouterr().err


def test_status_tells_of_each_desktop_s_use(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = lifecycle.ensure(settings=Settings(idle_minutes=90))
    usage.work(record)
    usage.watch(record)
    assert main(["status"]) == 0
    assert "shown in a browser, at work, stopped after 90 minutes without use\n" in capsys.readouterr().out


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


@pytest.mark.parametrize(
    "command", ["start", "stop", "restart", "status", "serve", "screenshot", "doctor", "kernel", "x-server", "reuse"]
)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: casa-desktop" in capsys.readouterr().out


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "casa_desktop", "--version"], stdout=subprocess.PIPE, check=True)
    assert done.stdout.startswith(b"casa-desktop ")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["kernel", "install", "--image", ""], "--image"),
        (["kernel", "install", "--sif="], "--sif"),
        (["kernel", "install", "--python", "", "--", "--nologfile"], "--python"),
        (["kernel", "install", "--desktop", ""], "--desktop"),
        (["kernel", "install", "--image", "x", "--bind", ""], "--bind"),
        (["x-server", "--image="], "--image"),
        (["start", "--name", ""], "--name"),
        (["screenshot", "--window", ""], "--window"),
        (["kernel", "remove", ""], "an empty argument"),
    ],
)
def test_a_value_of_no_character_is_a_usage_error(
    root: Path, words: List[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err.splitlines()[-1]
