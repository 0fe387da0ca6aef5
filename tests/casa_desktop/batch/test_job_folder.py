from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import pytest

from casa_desktop.batch import job_folder, jobs
from casa_desktop.batch.job_folder import ABORTED, COMPLETED, EXECUTING, PENDING, Folder, Job
from casa_desktop.errors import JobDamaged, JobHeld, JobUnknown, Shortage

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


def _made(jobs: Path, notebook: Path) -> Folder:
    """Make the folder of a job that nobody runs."""
    folder, lock = job_folder.create(jobs, _job(notebook), notebook)
    os.close(lock)
    return folder


@pytest.fixture
def folder(notebook: Path, tmp_path: Path) -> Folder:
    return _made(tmp_path / "data" / "jobs", notebook)


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"XDG_DATA_HOME": "/data", "HOME": "/home/ada"}, "/data/casa-desktop/jobs"),
        ({"HOME": "/home/ada"}, "/home/ada/.local/share/casa-desktop/jobs"),
        ({"XDG_DATA_HOME": "", "HOME": "/home/ada"}, "/home/ada/.local/share/casa-desktop/jobs"),
        ({"XDG_DATA_HOME": "data", "HOME": "/home/ada"}, "/home/ada/.local/share/casa-desktop/jobs"),
    ],
)
def test_jobs_lie_where_xdg_has_a_user_s_data(environ: dict[str, str], root: str) -> None:
    assert job_folder.root(environ) == Path(root)


@pytest.mark.parametrize(
    ("notebook", "stem"),
    [
        ("/data/reduce.ipynb", "reduce"),
        ("/data/3C 273 (final).py", "3C-273-final"),
        ("/data/été.ipynb", "t"),
        ("/data/星.ipynb", "job"),
        ("/data/-rf.ipynb", "rf"),
        (f"/data/{'a' * 200}.ipynb", "a" * 40),
    ],
)
def test_an_id_begins_with_the_notebook_s_name_and_needs_no_quotes(notebook: str, stem: str) -> None:
    assert job_folder.stem_for(notebook) == stem


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


def test_ids_count_up_and_are_not_given_again_while_a_later_one_is_there(notebook: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    made = [_made(jobs, notebook) for _ in range(3)]
    assert [each.id for each in made] == ["reduce-1", "reduce-2", "reduce-3"]
    made[1].remove()
    assert _made(jobs, notebook).id == "reduce-4"
    assert job_folder.ids(jobs) == ["reduce-1", "reduce-3", "reduce-4"]


def test_jobs_that_are_made_at_the_same_time_get_ids_of_their_own(notebook: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(_made, tmp_path / "jobs", notebook) for _ in range(40)]
    assert len({each.result().id for each in made}) == 40


def test_an_unknown_id_is_answered_with_those_that_are_written_alike(folder: Folder) -> None:
    with pytest.raises(JobUnknown, match=r"no job 'reduc-1' in .*jobs\. Is it reduce-1\?"):
        job_folder.find(folder.path.parent, "reduc-1")
    with pytest.raises(JobUnknown, match="'casa-desktop jobs' lists"):
        job_folder.find(folder.path.parent, "../jobs")
    assert job_folder.find(folder.path.parent, "reduce-1").path == folder.path


def test_without_any_job_there_are_none(tmp_path: Path) -> None:
    assert job_folder.ids(tmp_path / "nowhere") == []


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
    assert job_folder.ids(folder.path.parent) == [folder.id]
    with pytest.raises(JobDamaged, match=fault) as caught:
        (folder.job(), folder.state(), folder.input())
    assert "casa-desktop jobs remove reduce-1" in str(caught.value)
    folder.remove()
    assert job_folder.ids(folder.path.parent) == []


def test_a_new_job_is_held_until_its_maker_has_handed_it_on(notebook: Path, tmp_path: Path) -> None:
    folder, lock = job_folder.create(tmp_path / "jobs", _job(notebook), notebook)
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
        folder = _made(jobs, notebook)
        disk.fill()
        with pytest.raises(Shortage, match="No room is left on the disk"):
            _made(jobs, notebook)
        assert job_folder.ids(jobs) == ["reduce-1"]
        with pytest.raises(Shortage):
            folder.write(folder.state().now(EXECUTING))
        folder.write_end(folder.state().now(ABORTED, "It was stopped. " * 90, 75))
        assert (folder.state().phase, folder.state().status) == (ABORTED, 75)
