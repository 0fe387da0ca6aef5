from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable

import pytest

from casa_desktop.batch import job_root, jobs
from casa_desktop.batch.job_folder import Folder
from casa_desktop.batch.job_state import ABORTED, COMPLETED, EXECUTING, PENDING, Job
from casa_desktop.errors import JobDamaged, JobHeld, Shortage

from ...support.shortage import small_disk


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "reduce.ipynb"
    path.write_text("{}")
    return path


def _job(notebook: Path) -> Job:
    return Job(
        notebook=str(notebook), output="", kernel="casa", folder=str(notebook.parent), parameters={"robust": 0.5}
    )


def made(jobs: Path, notebook: Path) -> Folder:
    """Make the folder of a job that nobody runs."""
    folder, lock = job_root.create(jobs, _job(notebook), notebook)
    os.close(lock)
    return folder


@pytest.fixture
def folder(notebook: Path, tmp_path: Path) -> Folder:
    return made(tmp_path / "data" / "jobs", notebook)


def test_a_job_s_folder_has_what_was_asked_and_is_the_user_s_alone(folder: Folder, notebook: Path) -> None:
    job = folder.job()
    assert (job.notebook, job.kernel, job.parameters) == (str(notebook), "casa", {"robust": 0.5})
    assert job.output == str(folder.path / "output.ipynb")
    assert folder.input().read_text() == "{}"
    assert folder.state().phase == PENDING
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_the_copy_stays_when_the_notebook_changes(folder: Folder, notebook: Path) -> None:
    notebook.write_text("changed")
    assert folder.input().read_text() == "{}"


def test_a_job_that_has_written_its_end_is_removed_as_soon_as_its_process_has_gone(folder: Folder) -> None:
    folder.write_end(folder.state().now(COMPLETED, status=0))
    lock = folder.take()
    going = threading.Timer(0.3, os.close, [lock])
    going.start()
    jobs.remove(folder)
    going.join()
    assert not folder.path.exists()


def test_a_phase_goes_on_since_it_began(folder: Folder) -> None:
    began = folder.state().now(EXECUTING)
    folder.write(began)
    assert folder.state() == began
    assert began.now(EXECUTING, "cell 2").since == began.since
    assert began.now(COMPLETED, status=0).since >= began.since


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (lambda path: (path / "job.json").unlink(), "its file job.json is missing"),
        (lambda path: (path / "job.json").write_text('{"notebook":'), "its file job.json is not as a job writes it"),
        (lambda path: (path / "job.json").write_text('{"notebook": 7}'), "its file job.json is not as"),
        (lambda path: (path / "input.ipynb").unlink(), "its copy of the notebook is missing"),
        (lambda path: (path / "phase").unlink(), "its file phase is missing"),
        (lambda path: (path / "phase").write_bytes(b"\xff\x00"), "its file phase is not as"),
        (lambda path: (path / "phase").write_text('{"phase": "MAYBE", "since": 1}'), "its file phase is not as"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_with_what_is_wrong(
    folder: Folder, break_it: Callable[[Path], object], fault: str
) -> None:
    break_it(folder.path)
    assert job_root.ids(folder.path.parent) == [folder.id]
    with pytest.raises(JobDamaged, match=fault) as caught:
        (folder.job(), folder.state(), folder.input())
    assert "casa-desktop jobs remove reduce-1" in str(caught.value)
    folder.remove()
    assert job_root.ids(folder.path.parent) == []


def test_a_new_job_is_held_until_its_maker_has_handed_it_on(notebook: Path, tmp_path: Path) -> None:
    folder, lock = job_root.create(tmp_path / "jobs", _job(notebook), notebook)
    assert folder.is_alive()
    with pytest.raises(JobHeld, match="has not ended"):
        folder.take()
    os.close(lock)
    assert not folder.is_alive()


def test_a_job_lives_as_long_as_a_process_holds_its_lock(folder: Folder) -> None:
    assert not folder.is_alive()
    code = (
        "import sys; from pathlib import Path; from casa_desktop.batch.job_folder import Folder\n"
        "with Folder(Path(sys.argv[1])).held() as free: print(free, flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(folder.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert folder.is_alive()
        with folder.held() as free:
            assert not free
        process.kill()
    assert not folder.is_alive()


def test_a_wish_to_stop_is_noted_until_the_job_goes_on(folder: Folder) -> None:
    folder.go_on()
    assert not folder.is_to_stop()
    folder.ask_to_stop()
    assert folder.is_to_stop()
    folder.go_on()
    assert not folder.is_to_stop()


def test_on_a_full_disk_no_half_job_is_made_and_an_end_is_written_all_the_same(notebook: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        jobs = disk.path / "jobs"
        folder = made(jobs, notebook)
        disk.fill()
        with pytest.raises(Shortage, match="No room is left on the disk"):
            made(jobs, notebook)
        assert job_root.ids(jobs) == ["reduce-1"]
        with pytest.raises(Shortage):
            folder.write(folder.state().now(EXECUTING))
        folder.write_end(folder.state().now(ABORTED, "It was stopped. " * 90, 75))
        assert (folder.state().phase, folder.state().status) == (ABORTED, 75)
