"""What a run of tests makes by the gigabyte goes with it, and with a later run if it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from .support import living
from .support.processes import ended
from .support.run_folder import clear, held, mounts_below, run_folder

ROOT = Path(__file__).parents[1]
# A run that has a folder, and a program in it that outlives the run.
RUN = """
import subprocess, sys
from pathlib import Path
from tests.support.run_folder import run_folder
with run_folder(Path(sys.argv[1])) as folder:
    (folder / "image").write_text("gigabytes")
    child = subprocess.Popen(["sleep", "1000"], env={"HOME": str(folder / "ada")}, start_new_session=True)
    print(folder, child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_run(parent: Path) -> Iterator[tuple[subprocess.Popen[str], Path, psutil.Process]]:
    """Start a run; yield it, its folder, and a program of its own."""
    argv = [sys.executable, "-c", RUN, str(parent)]
    with living.started(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, pid = process.stdout.readline().split()
        yield process, Path(folder), psutil.Process(int(pid))


def test_it_goes_with_its_run(tmp_path: Path) -> None:
    with run_folder(tmp_path) as folder:
        (folder / "image").write_text("gigabytes")
        assert list(tmp_path.iterdir()) == [folder]
        assert folder.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_has_left_goes_with_the_next(tmp_path: Path) -> None:
    with another_run(tmp_path) as (run, left, program):
        run.kill()
        run.wait()
        assert program.is_running()
        with run_folder(tmp_path) as folder:
            assert list(tmp_path.iterdir()) == [folder]
        assert ended([program])
    assert not left.exists()


def test_a_run_that_is_at_work_keeps_its_folder(tmp_path: Path) -> None:
    with another_run(tmp_path) as (run, theirs, program):
        clear(tmp_path)
        assert (theirs / "image").read_text() == "gigabytes"
        assert program.is_running()
        run.communicate()
    assert ended([program])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(BlockingIOError), held(tmp_path):
        pass
    with held(tmp_path):
        pass


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
def test_what_is_mounted_in_it_is_kept(tmp_path: Path) -> None:
    sources, parent = tmp_path / "sources", tmp_path / "parent"
    for each in (sources, parent):
        each.mkdir()
    (sources / "module").write_text("ours")
    with run_folder(parent) as folder:
        inner = folder / "ada with blanks"
        inner.mkdir()
        subprocess.run(["mount", "--bind", str(sources), str(inner)], check=True)
        assert mounts_below(folder) == [inner]
    assert list(parent.iterdir()) == []
    assert mounts_below(parent) == []
    assert (sources / "module").read_text() == "ours"
