"""What a script makes is made once, and made anew when the script is another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from .support.simulated import make

SCRIPT = """
import os
from pathlib import Path
Path("data.ms").mkdir()
Path("data.ms", "rows").write_text("made")
with open({log!r}, "a") as log:
    print(os.environ["SAID"], file=log)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    path = tmp_path / "scripts" / "simulate.py"
    path.write_text(SCRIPT.format(log=str(tmp_path / "log")))
    return path


@pytest.fixture
def made(tmp_path: Path, script: Path) -> Callable[[str], Path]:
    """A function that has the script work in a new folder, under a name that it tells."""

    def work(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "own").touch()
        make(script, folder, {**os.environ, "SAID": name}, tmp_path / "kept")
        return folder

    return work


def test_the_second_folder_has_what_was_made_for_the_first(tmp_path: Path, made: Callable[[str], Path]) -> None:
    for folder in (made("first"), made("second")):
        assert sorted(path.name for path in folder.iterdir()) == ["data.ms", "own"]
        assert (folder / "data.ms" / "rows").read_text() == "made"
        # No folder shares a file with what is kept.
        (folder / "data.ms" / "rows").write_text("changed")
    assert (tmp_path / "log").read_text() == "first\n"


def test_another_script_makes_it_anew(tmp_path: Path, script: Path, made: Callable[[str], Path]) -> None:
    made("first")
    script.write_text(script.read_text().replace("made", "other"))
    assert (made("second") / "data.ms" / "rows").read_text() == "other"
    assert (tmp_path / "log").read_text() == "first\nsecond\n"


def test_nothing_is_kept_of_a_script_that_fails(tmp_path: Path, script: Path, made: Callable[[str], Path]) -> None:
    script.write_text(script.read_text() + "raise SystemExit(1)")
    with pytest.raises(subprocess.CalledProcessError):
        made("first")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["lock"]
