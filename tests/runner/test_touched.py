"""What Git tells of the working tree."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from ..support.releases import pythons
from . import touched


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", *name, *words], cwd=folder, check=True, stdout=subprocess.PIPE)


def test_changes_are_those_since_the_main_branch_committed_or_not(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for name in ("same", "committed", "edited"):
        (tmp_path / name).touch()
    _git(tmp_path, "add", "--all")
    _git(tmp_path, "commit", "--quiet", "--message=one")
    assert touched.changes(tmp_path) == []
    _git(tmp_path, "checkout", "--quiet", "-b", "work")
    (tmp_path / "committed").write_text("x")
    _git(tmp_path, "commit", "--quiet", "--all", "--message=two")
    (tmp_path / "edited").write_text("x")
    (tmp_path / "new").touch()
    assert sorted(touched.changes(tmp_path)) == ["committed", "edited", "new"]


def test_without_git_nothing_is_known_to_have_changed(tmp_path: Path) -> None:
    assert touched.changes(tmp_path) == []


def test_a_file_is_ranked_once_however_often_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[str] = []
    rank = touched.rank
    monkeypatch.setattr(touched, "rank", lambda test, paths: (asked.append(test), rank(test, paths))[1])
    ranked = touched.ranks(tmp_path)
    assert [ranked("tests/test_a.py"), ranked("tests/test_a.py")] == [touched.ELSEWHERE] * 2
    assert asked == ["tests/test_a.py"]


def test_the_oldest_python_of_a_release_ranks_as_well() -> None:
    found = pythons("3.8")
    if not found:
        pytest.skip("there is no Python 3.8 here")
    code = (
        "from tests.runner.touched import rank; "
        "print(rank('tests/kernel/log/test_a.py', ['kernel/casa_kernel/log/a.py']))"
    )
    said = subprocess.check_output([found[0], "-c", code], cwd=Path(__file__).parents[2], text=True)
    assert int(said) == touched.ITSELF
