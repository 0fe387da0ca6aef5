from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from casa_desktop.batch import job_root
from casa_desktop.errors import JobUnknown

from .test_job_folder import made


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "reduce.ipynb"
    path.write_text("{}")
    return path


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
    assert job_root.root(environ) == Path(root)


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
    assert job_root.stem_for(notebook) == stem


def test_ids_count_up_and_are_not_given_again_while_a_later_one_is_there(notebook: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    three = [made(jobs, notebook) for _ in range(3)]
    assert [each.id for each in three] == ["reduce-1", "reduce-2", "reduce-3"]
    three[1].remove()
    assert made(jobs, notebook).id == "reduce-4"
    assert job_root.ids(jobs) == ["reduce-1", "reduce-3", "reduce-4"]


def test_jobs_that_are_made_at_the_same_time_get_ids_of_their_own(notebook: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        forty = [pool.submit(made, tmp_path / "jobs", notebook) for _ in range(40)]
    assert len({each.result().id for each in forty}) == 40


def test_an_unknown_id_is_answered_with_those_that_are_written_alike(notebook: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "jobs", notebook)
    with pytest.raises(JobUnknown, match=r"no job 'reduc-1' in .*jobs\. Is it reduce-1\?"):
        job_root.find(folder.path.parent, "reduc-1")
    with pytest.raises(JobUnknown, match="'casa-desktop jobs' lists"):
        job_root.find(folder.path.parent, "../jobs")
    assert job_root.find(folder.path.parent, "reduce-1").path == folder.path


def test_without_any_job_there_are_none(tmp_path: Path) -> None:
    assert job_root.ids(tmp_path / "nowhere") == []
