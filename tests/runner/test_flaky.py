"""The tally of several runs."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

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


def test_what_fails_by_chance_is_listed_with_how_often(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(TESTS)
    words = ["-m", flaky.__name__, "--runs", "3", "-p", "no:cacheprovider", "--rootdir=.", "test_a.py"]
    root = Path(__file__).resolve().parents[2]
    code = f"import runpy, sys; sys.path.insert(0, {str(root)!r}); sys.argv = {words[1:]!r}; "
    code += f"runpy.run_module({flaky.__name__!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 of 3: test_a::test_that_fails_every_second_time", done.stdout


@pytest.mark.parametrize(
    ("failed", "broken", "told"),
    [
        (Counter(), 0, ["Nothing failed in 5 runs."]),
        (Counter(b=1, a=3), 0, ["3 of 5: a", "1 of 5: b"]),
        (Counter(), 2, ["2 of 5 runs failed without a failed test: see above"]),
    ],
)
def test_the_last_lines_tell_what_came_of_it(failed: Counter[str], broken: int, told: list[str]) -> None:
    assert flaky.told(failed, 5, broken) == told
