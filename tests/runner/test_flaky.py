"""The tally of several runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import List, Tuple

import pytest

from . import flaky

TESTS = """
from pathlib import Path

def test_that_fails_every_second_time():
    times = Path("times")
    times.write_text(times.read_text() + "x" if times.exists() else "x")
    assert len(times.read_text()) % 2

def test_that_passes():
    pass
"""


def flaky_runs(folder: Path, *words: str) -> Tuple[int, List[str]]:
    """Run the tests in a folder several times; return the exit status, and the lines that were said."""
    argv = ["-m", flaky.__name__, *words, "-p", "no:cacheprovider", "--rootdir=."]
    root = Path(__file__).resolve().parents[2]
    code = f"import runpy, sys; sys.path.insert(0, {str(root)!r}); sys.argv = {argv[1:]!r}; "
    code += f"runpy.run_module({flaky.__name__!r}, run_name='__main__')"
    # The plugins take longer to load than these tests.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_what_fails_by_chance_is_listed_with_how_often_also_of_parts_run_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS)
    (tmp_path / "test_b.py").write_text("def test_that_passes():\n    pass\n")
    status, said = flaky_runs(tmp_path, "--runs", "1", "--reports", "kept", "test_b.py")
    assert (status, said[-1]) == (0, "Nothing failed of 1 tests, run 1 times in all.")
    status, said = flaky_runs(tmp_path, "--runs", "3", "--reports", "kept", "test_a.py")
    listed = "1 of 3: test_a::test_that_fails_every_second_time"
    assert (status, said[-1]) == (1, listed)
    # And those of nothing but a mistake.
    status, said = flaky_runs(tmp_path, "--runs", "1", "--reports", "kept", "test_c.py")
    assert (status, said[-2:]) == (1, [listed, "1 run failed without a failed test: see above"])


@pytest.mark.parametrize(
    ("failed", "broken", "told"),
    [
        (Counter(), 0, ["Nothing failed of 2 tests, run 7 times in all."]),
        (Counter(b=1, a=3), 0, ["3 of 5: a", "1 of 2: b"]),
        (Counter(), 1, ["1 run failed without a failed test: see above"]),
        (Counter(a=1), 2, ["1 of 5: a", "2 runs failed without a failed test: see above"]),
    ],
)
def test_the_last_lines_tell_what_came_of_it(failed: Counter[str], broken: int, told: list[str]) -> None:
    assert flaky.told(failed, Counter(a=5, b=2), broken) == told
