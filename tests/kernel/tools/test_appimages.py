from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from casa_kernel.errors import ExtractionFailed, ToolMissing
from casa_kernel.tools import appimages
from casa_kernel.tools.__main__ import main

from ...support.programs import write_program
from ...support.shortage import small_disk


def command_line(*args: str, env: Dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "casa_kernel.tools", *args]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120)


def appimage(folder: Path, script: str) -> appimages.Tool:
    """A stand-in for an AppImage: what it does when it is unpacked is a script's business."""
    return appimages.Tool("tool", "1.0", write_program(folder / "tool.AppImage", script))


GOOD = (
    'sleep 0.2; mkdir squashfs-root; printf "#!/bin/sh\\n" > squashfs-root/AppRun; chmod +x squashfs-root/AppRun; '
    'echo x >> "$0.runs"'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", str(tmp_path / "tools"))
    return tmp_path


def test_a_tool_is_unpacked_once_however_many_ask_at_once(folder: Path) -> None:
    tool = appimage(folder, GOOD)
    script = (
        "import sys; from pathlib import Path; from casa_kernel.tools import appimages as tools\n"
        "print(tools.ensure_extracted(tools.Tool('tool', '1.0', Path(sys.argv[1])), say=lambda text: None))"
    )
    argv = [sys.executable, "-c", script, str(tool.image)]
    many = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {process.communicate(timeout=60)[0].strip() for process in many} == {str(tool.program)}
    assert (folder / "tool.AppImage.runs").read_text() == "x\n"


def test_it_is_said_once_that_a_tool_is_unpacked(folder: Path) -> None:
    tool, said = appimage(folder, GOOD), []
    for _ in range(2):
        appimages.ensure_extracted(tool, said.append)
    assert said == ["Unpacking tool 1.0 (once)…"]


def test_a_tool_that_cannot_be_unpacked_leaves_nothing_and_says_why(folder: Path) -> None:
    tool = appimage(folder, "mkdir squashfs-root; echo 'write error: No space left on device' >&2; exit 1")
    with pytest.raises(ExtractionFailed, match="No space left on device"):
        appimages.ensure_extracted(tool, say=lambda text: None)
    assert os.listdir(folder / "tools") == []


def test_a_rebuilt_wheel_of_the_same_version_is_another_tool(folder: Path) -> None:
    first = appimage(folder, GOOD).folder
    assert appimage(folder, GOOD + " # rebuilt").folder != first


def test_a_tool_unpacked_for_all_users_is_found_though_its_appimage_and_the_cache_are_gone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, prefix = folder / "site" / "casasomething", folder / "prefix"
    for part in (wheel, wheel.with_name("casasomething-1.2.dist-info")):
        part.mkdir(parents=True)
    (wheel / "__init__.py").touch()
    (wheel.with_name("casasomething-1.2.dist-info") / "METADATA").write_text("Name: casasomething\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(str(wheel.parent))
    monkeypatch.setattr(sys, "prefix", str(prefix))
    with pytest.raises(ToolMissing, match=r"at .*casasomething/__bin__/casasomething-.*\.AppImage"):
        appimages.find("casasomething")

    program = prefix / "share" / "casa-desktop" / "tools" / "casasomething-1.2" / "squashfs-root" / "AppRun"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    said: List[str] = []
    assert appimages.ensure_extracted(appimages.find("casasomething"), said.append) == program
    assert said == []
    assert not (folder / "tools").exists(), "the user's cache was touched"


def test_where_no_program_may_be_run_nothing_is_unpacked_and_the_remedy_is_told(folder: Path) -> None:
    tool = appimage(folder, GOOD)
    with small_disk(folder / "tools", 1, "noexec"), pytest.raises(
        ExtractionFailed, match=r"noexec.*CASA_DESKTOP_TOOLS"
    ):
        appimages.ensure_extracted(tool, say=lambda text: None)
    assert not (folder / "tool.AppImage.runs").exists()


def test_a_tool_that_may_no_longer_be_run_is_told_with_the_remedy(folder: Path) -> None:
    tool = appimage(folder, GOOD)
    with small_disk(folder / "tools", 1) as disk:
        appimages.ensure_extracted(tool, say=lambda text: None)
        disk.forbid_programs()
        with pytest.raises(ExtractionFailed, match=r"noexec.*CASA_DESKTOP_TOOLS"):
            appimages.ensure_extracted(tool, say=lambda text: None)
        assert not appimages.runs(tool)


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_the_viewer_is_refused_where_its_pictures_would_have_no_labels(
    place: Path, monkeypatch: pytest.MonkeyPatch, more: int, fits: bool
) -> None:
    image = appimage(place, GOOD).image
    tool = appimages.Tool("casaviewer", "1.0", image)
    monkeypatch.setenv("CASA_DESKTOP_TOOLS", str(place / "link"))
    fonts = str(place / tool.folder.name / "squashfs-root/usr/lib/pgplot/grfont.dat")
    long = place / ("x" * (128 + more - len(fonts) - 1))
    long.mkdir()
    # AppRun asks for the real path.
    (place / "link").symlink_to(long)
    if fits:
        assert appimages.ensure_extracted(tool, say=lambda text: None) == tool.program
    else:
        with pytest.raises(ExtractionFailed, match=r"1 characters too many.*CASA_DESKTOP_TOOLS"):
            appimages.ensure_extracted(tool, say=lambda text: None)
        assert os.listdir(long) == []
    (place / "link").unlink()
    shutil.rmtree(long)


def test_a_tool_that_is_not_installed_is_missed_with_the_remedy() -> None:
    with pytest.raises(ToolMissing, match="pip install casanothing"):
        appimages.find("casanothing")


def test_the_list_is_json_and_does_not_import_casa(environment: Dict[str, str]) -> None:
    done = command_line("list", "--json", env=environment)
    found = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert {"casaviewer", "casaplotms", "casalogger"} <= set(found)
    keys = {"name", "label", "version", "extracted", "runs", "excess", "folder"}
    assert all(set(tool) == keys for tool in found.values())


def test_a_tool_run_from_the_menu_that_is_missing_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(appimages, "NAMES", ("casanothing",))
    assert main(["run", "casanothing"]) == 1
    assert "pip install casanothing" in capsys.readouterr().err


def test_a_tool_without_a_window_gets_no_display_and_no_mpi() -> None:
    env = appimages.environment({"OMPI_COMM": "1", "HOME": "/h"})
    assert env == {"HOME": "/h", "LC_NUMERIC": "C", "DISPLAY": ":none", "QT_QPA_PLATFORM": "offscreen"}


def test_a_tool_with_a_window_gets_the_desktop_s_display() -> None:
    env = appimages.environment({"DISPLAY": ":0"}, {"DISPLAY": ":7", "XAUTHORITY": "/x"})
    assert env == {"LC_NUMERIC": "C", "DISPLAY": ":7", "XAUTHORITY": "/x", "QT_QPA_PLATFORM": "xcb"}
