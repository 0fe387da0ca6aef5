"""A user who draws, and another who looks for what kernel and tools leave about: temporary files, memory, arguments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .test_neighbours import START, STOP
from .town import Town, answer_of


@pytest.mark.timeout(280)
def test_nobody_else_sees_what_kernel_and_tools_are_about(town: Town, untouched: Path) -> None:
    hers, his = town.newcomer(), town.newcomer()
    # The town does not see the test's own folder.
    shutil.copytree(untouched, town.root / hers.home[1:] / "data")
    town.as_root(f"chown -R {hers.uid}:{hers.uid} {hers.home}/data")
    drawing = hers.python("-m", "tests.neighbours.works", "data", CASASITECONFIG=f"{hers.home}/data/casasiteconfig.py")
    spying = his.python("-c", START)
    assert spying.stdout is not None
    spying.stdout.readline()
    record = answer_of(spying, "go\n")
    assert record["display"]
    assert drawing.stdout is not None
    assert drawing.stdout.readline() == "[]\n"
    seen = town.root / f"tmp/casa-desktop-{hers.uid}/main/record.json"
    desktop = {**json.loads(seen.read_text()), "pids": [each.pid for each in hers.processes()]}
    assert answer_of(his.python("-m", "tests.neighbours.spy", json.dumps(desktop))) == []
    drawing.communicate("\n", timeout=60)
    assert hers.ask(STOP) is True
    left = [path for path in (town.root / "tmp").rglob("*") if path.lstat().st_uid == hers.uid]
    assert left == []
