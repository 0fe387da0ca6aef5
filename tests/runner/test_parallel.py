"""A small suite with this suite's own conftest, run by real workers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from . import parallel

TESTS = Path(__file__).resolve().parents[1]
SETTINGS = """
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-ra"]
"""
# Each test writes where and when it ran.
SAID = """
import os, sysconfig, time
from pathlib import Path
import pytest

def say(name):
    with open("said", "a") as file:
        print(name, os.readlink("/proc/self/ns/pid"), time.monotonic(), file=file)
"""


def _suite(folder: Path, files: Dict[str, str]) -> Path:
    ours = shutil.ignore_patterns("test_*", "__pycache__")
    shutil.copytree(TESTS / "runner", folder / "tests" / "runner", ignore=ours)
    for name in ("__init__.py", "conftest.py"):
        shutil.copy(TESTS / name, folder / "tests")
    (folder / "pyproject.toml").write_text(SETTINGS)
    for path, text in files.items():
        (folder / "tests" / path).parent.mkdir(exist_ok=True)
        (folder / "tests" / path).write_text(SAID + text)
    return folder


def _run(folder: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV", "PYTHONDONT"))}
    line = [python, "-m", "pytest", "-p", "no:cacheprovider", *words, "tests"]
    return subprocess.run(line, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _said(folder: Path) -> Dict[str, str]:
    """Return the place of each, by its processes, in the order of time."""
    lines = [line.split() for line in (folder / "said").read_text().splitlines()]
    return {name: place for name, place, _ in sorted(lines, key=lambda words: float(words[2]))}


@pytest.fixture(autouse=True)
def _is_allowed(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    refusal = parallel.refused(tmp_path / "tmp")
    if refusal:
        pytest.skip(f"workers can have no place of their own here: {refusal}")


FIRST = """
def test_{name}_is_the_first_here(tmp_path):
    say("{name}")
    assert not list(Path("/tmp").glob("trace"))
    Path("/tmp/trace").touch()
    assert str(tmp_path).startswith("/tmp/pytest-of-")

def test_{name}_cannot_change_what_is_installed():
    with pytest.raises(OSError):
        Path(sysconfig.get_path("purelib"), "new.txt").touch()

@pytest.mark.parametrize("number", range(5))
def test_more(number):
    pass
"""
ALONE = """
def test_alone(record_property):
    say("alone")
    record_property("summary", "said by alone")
"""


def test_workers_have_places_of_their_own_and_what_is_alone_comes_after_them(tmp_path: Path) -> None:
    files = {"kernel/test_a.py": FIRST.format(name="a"), "system/test_b.py": FIRST.format(name="b")}
    folder = _suite(tmp_path, {**files, "lasting/test_fast_motion.py": ALONE})
    done = _run(folder, "-n", "2")
    assert done.returncode == 0, done.stdout
    places = _said(folder)
    assert list(places)[-1] == "alone"
    assert places["alone"] == os.readlink("/proc/self/ns/pid")
    assert len(set(places.values())) == 3
    assert "15 passed" in done.stdout.splitlines()[-1]
    assert "[100%] tests/lasting/test_fast_motion.py . 0 s" in done.stdout
    assert "said by alone" in done.stdout.splitlines()
    assert not Path("/tmp/trace").exists()


WAITING = """
def test_that_waits():
    say("waits")
    assert open("news").read() == "done"
"""
BESIDE = """
def test_beside():
    say("beside")
    with open("news", "w") as pipe:
        pipe.write("done")

def test_after():
    say("after")
"""


def test_what_wants_the_machine_as_it_is_runs_beside_the_others(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "news")
    folder = _suite(
        tmp_path, {"kernel/test_a.py": WAITING, "town/test_b.py": BESIDE, "lasting/test_fast_motion.py": ALONE}
    )
    done = _run(folder, "-n", "2", "--timeout=60")
    assert "4 passed" in done.stdout.splitlines()[-1], done.stdout
    places = _said(folder)
    assert places.pop("waits") != os.readlink("/proc/self/ns/pid")
    assert set(places.values()) == {os.readlink("/proc/self/ns/pid")}
    assert list(places) == ["beside", "after", "alone"]


def test_no_more_are_at_work_at_a_time_than_were_asked_for(tmp_path: Path) -> None:
    beside = "".join(ALONE.replace("alone", name) for name in ("first", "last"))
    folder = _suite(tmp_path, {"kernel/test_a.py": FIRST.format(name="a"), "town/test_b.py": beside})
    done = _run(folder, "-n", "1")
    assert done.returncode == 0, done.stdout
    assert list(_said(folder)) == ["first", "a", "last"]


CRASH = """
def test_before():
    say("before")

def test_that_crashes():
    os._exit(3)

def test_after():
    say("after")

def test_that_fails():
    assert False
"""


def test_a_crashed_worker_is_one_failure_and_what_it_had_still_runs(tmp_path: Path) -> None:
    done = _run(_suite(tmp_path, {"kernel/test_a.py": CRASH, "lasting/test_fast_motion.py": ALONE}), "-n", "2")
    assert done.returncode == 1
    assert "2 failed, 3 passed" in done.stdout.splitlines()[-1], done.stdout
    assert set(_said(tmp_path)) == {"before", "after", "alone"}
    assert "crashed while running 'tests/kernel/test_a.py::test_that_crashes'" in done.stdout


OBSERVED = """
@pytest.fixture(scope="session")
def untouched(place):
    for name in ("sim.ms", "line.ms"):
        (place / "untouched" / name).mkdir(parents=True)
    return place / "untouched"
"""
LEAVING = """
def test_that_leaves_a_file(observation):
    assert [each.name for each in observation.iterdir()] == ["sim.ms"]
    (observation / "left").touch()
"""


def test_each_file_has_an_observation_in_which_no_other_has_left_anything(tmp_path: Path) -> None:
    files = {f"kernel/test_{name}.py": LEAVING for name in "ab"}
    done = _run(_suite(tmp_path, {"kernel/conftest.py": OBSERVED, **files}))
    assert "2 passed" in done.stdout.splitlines()[-1], done.stdout


READ = """
say("{name}")

def test_nothing():
    pass
"""


def test_a_worker_compiles_its_share_of_the_tests_before_it_reads_them_in_order(tmp_path: Path) -> None:
    # What is largest is dealt out first.
    long = READ.format(name="b") + "# ..." * 99
    folder = _suite(tmp_path, {"kernel/test_a.py": READ.format(name="a"), "kernel/test_b.py": long})
    for order in (["b", "a"], ["a", "b"]):
        done = _run(folder, "--quick", "-n", "1")
        assert "2 passed" in done.stdout.splitlines()[-1], done.stdout
        assert list(_said(folder)) == order
        (folder / "said").unlink()


UNREAD = """
raise RuntimeError("this file is read")
"""


def test_a_quick_run_reads_no_file_that_it_leaves_out_and_needs_no_worker_of_the_machine(tmp_path: Path) -> None:
    files = {"kernel/test_a.py": ALONE, "system/test_b.py": UNREAD, "casa_desktop/test_starved.py": UNREAD}
    done = _run(_suite(tmp_path, files), "--quick", "-n", "1")
    assert "1 passed" in done.stdout.splitlines()[-1], done.stdout
    assert _said(tmp_path)["alone"] != os.readlink("/proc/self/ns/pid")


CHANGING = """
def test_that_changes_what_is_installed():
    (Path(sysconfig.get_path("purelib")) / "new.txt").touch()
"""


def test_a_run_that_changes_what_is_installed_fails_and_tells_of_it(tmp_path: Path) -> None:
    folder = _suite(tmp_path, {"kernel/test_a.py": CHANGING})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "own"], check=True)
    own = folder / "own" / "bin" / "python"
    (packages,) = (folder / "own").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(filter(None, sys.path)))
    done = _run(folder, python=str(own))
    assert done.returncode == 1, done.stdout
    assert "new: new.txt" in done.stdout
    assert "1 passed" in done.stdout.splitlines()[-1]
