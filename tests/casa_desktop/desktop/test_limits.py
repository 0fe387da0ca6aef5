"""How many desktops of a user may run, and for how long."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from casa_desktop import errors
from casa_desktop.desktop import lifecycle, registry
from casa_desktop.desktop.lifetime import Lifetime
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import locks

TWO = Settings(most_desktops=2)


def test_one_more_desktop_than_may_run_is_refused_until_another_has_ended(root: Path) -> None:
    for name in ("main", "m31"):
        lifecycle.ensure(name, settings=TWO)
    with pytest.raises(errors.TooManyDesktops, match=r"no more than 2 may run at a time, and there are m31, main"):
        lifecycle.ensure("m33", settings=TWO)
    assert not (root / "m33").exists()
    # One that runs is found still.
    assert lifecycle.ensure("m31", settings=TWO).name == "m31"
    lifecycle.stop("m31")
    assert lifecycle.ensure("m33", settings=TWO).name == "m33"
    assert lifecycle.ensure("m31", settings=Settings()).name == "m31"


def test_of_several_that_are_started_at_once_no_more_than_may_run_do(root: Path) -> None:
    def start(name: str) -> bool:
        command = [sys.executable, "-m", "casa_desktop", "start", "--name", name, "--timeout", "100"]
        env = {"CASA_DESKTOP_MOST_DESKTOPS": "1", "CASA_DESKTOP_RUNTIME_DIR": str(root), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "no more than 1 may run at a time" in done.stderr, done.stderr
        return done.returncode == 0

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(start, ("a", "b", "c"))) == [False, False, True]
    assert len(registry.list_desktops()) == 1


def test_a_desktop_ends_when_its_life_is_over_and_says_so(root: Path) -> None:
    before = time.time()
    record = lifecycle.ensure(settings=Settings(lifetime_minutes=0.1))
    assert before < record.ends - 6 < time.time()
    assert locks.wait_until_free(root / "main", 60)
    with pytest.raises(errors.NotRunning, match=r"0\.1 minutes after its start, the longest life"):
        registry.running()


def test_a_long_life_is_waited_for_in_parts_that_poll_can_count() -> None:
    year = Lifetime(525_600)
    assert year.due is not None
    assert year.due - time.monotonic() <= 86_400
    assert not year.is_over()
    assert (Lifetime(0).due, Lifetime(0).ends, Lifetime(0).is_over()) == (None, 0, False)
