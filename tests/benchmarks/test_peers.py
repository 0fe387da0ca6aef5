"""What is told of the peers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List, Sequence

import pytest

from casa_desktop.system import locks

from . import peers
from .peers import told_version


def test_version_is_the_line_that_has_one_wherever_a_program_says_it() -> None:
    assert told_version("", "\nXvnc TigerVNC 1.12.0\nCopyright\n") == "Xvnc TigerVNC 1.12.0"
    assert told_version("Chromium 156.0.1\n", "line 9: [: 12: unexpected operator\n") == "Chromium 156.0.1"
    assert told_version("", "no such option\n") == ""


def test_an_environment_is_made_while_no_other_run_can_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_BENCH_PEERS", str(tmp_path / "peers"))
    monkeypatch.setattr(peers, "requirements", lambda: {"one": ["it==1"]})
    locked: List[bool] = []

    def install(argv: Sequence[str], check: bool) -> None:
        locked.append(locks.is_held(tmp_path / "peers"))
        (tmp_path / "peers" / "one").mkdir(exist_ok=True)

    monkeypatch.setattr(subprocess, "run", install)
    # The second finds what the first has made.
    assert peers.python("one") == peers.python("one")
    assert locked == [True, True]
    assert not locks.is_held(tmp_path / "peers")
