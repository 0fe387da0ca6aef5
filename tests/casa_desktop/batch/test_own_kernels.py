"""Runs with a kernel that is made for them, over MPI or in a container, by the command line and with real kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List

import nbformat
import pytest

from casa_desktop.__main__ import main

from ...support.jobs import Jobs, left, script, texts
from ...support.ranks import WITH_MPI

WORLD = "import os\nprint(vis, os.environ['OMPI_COMM_WORLD_SIZE'])"
# The cell ends a server of its own kernel, which mpirun has started beside it.
LOSE = """\
import os, psutil, threading
for each in psutil.Process().parent().children():
    if each.pid != os.getpid():
        each.kill()
threading.Event().wait()"""
INTERFACES = "print(vis, open('/proc/net/dev').read().count(':'))"


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    folder = place / "own kernels"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def jobs(environment: Dict[str, str], work: Path) -> Iterator[Jobs]:
    jobs = Jobs({**environment, "JUPYTER_PATH": str(work / "jupyter")}, work / "home")
    yield jobs
    jobs.end()
    assert not left(work / "home")


def _kernel(path: str) -> str:
    return str(nbformat.read(path, as_version=4).metadata.kernelspec.name)


@WITH_MPI
def test_a_job_over_mpi_has_its_ranks_and_leaves_no_kernel_installed(jobs: Jobs, work: Path) -> None:
    path = script(work / "ranks", "ranks", WORLD, parameters="vis = 'a.ms'")
    before = jobs.call("kernel", "list", "--json").stdout
    name = jobs.submit(path, "--ranks", "2", "--oversubscribe", "-p", "vis=b.ms")
    assert jobs.wait(name).returncode == 0
    job = jobs.listed(name)[name]
    assert texts(job["output"]) == ["b.ms 2\n"]
    assert job["kernel"].endswith("-2-ranks")
    assert _kernel(job["output"]) == job["kernel"]
    assert jobs.call("kernel", "list", "--json").stdout == before


@WITH_MPI
def test_a_run_whose_server_is_killed_says_which_rank_it_was(jobs: Jobs, work: Path) -> None:
    """With an installed kernel, as ``-k`` chooses one."""
    words = ["--ranks", "2", "--oversubscribe", "--name", "casa-two-ranks", "--prefix", str(work)]
    assert jobs.call("kernel", "install", *words).returncode == 0
    (work / "share" / "jupyter").rename(work / "jupyter")
    path = script(work / "lost", "lost", "print('first')", LOSE)
    run = jobs.call("run", path.name, "-k", "casa-two-ranks", cwd=path.parent)
    assert run.returncode == 137
    assert "The kernel 'casa-two-ranks' failed: " in run.stderr
    assert "Rank 1 of 2 (process " in run.stderr
    assert "has ended: it was killed, or it crashed" in run.stderr
    assert "(in cell 2)" in run.stderr
    assert texts(str(path.parent / "lost.out.ipynb"))[0] == "first\n"


def test_a_job_in_a_container_sees_its_folder_and_runs_again_there(jobs: Jobs, work: Path) -> None:
    path = script(work / "boxed", "boxed", INTERFACES, "open('there').read()", parameters="vis = 'a.ms'")
    name = jobs.submit(path, "--sandbox", "-p", "vis=b.ms")
    waited = jobs.wait(name)
    assert (waited.returncode, "FileNotFoundError" in waited.stdout) == (1, True)
    (path.parent / "there").touch()
    assert jobs.call("run", "--retry", "failed", name).returncode == 0
    assert jobs.wait(name).returncode == 0
    job = jobs.listed(name)[name]
    # There is no network but its own.
    assert texts(job["output"])[0] == "b.ms 1\n"
    assert (job["kernel"][-6:], _kernel(job["output"])) == ("-bwrap", job["kernel"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ranks", "1"], "--ranks is 1, but should be 2"),
        (["--ranks", "9999", "--oversubscribe"], "--ranks is 9999, but should be 2 to "),
        (["--ranks", "2", "-k", "casa"], "--kernel is 'casa', but should be left out with --ranks"),
        (["--ranks", "2", "--sandbox"], "--ranks is 2, but should be left out for a kernel in a container"),
        (["--ranks", "2", "--oversubscribe", "--hosts", "gone"], "The hosts file FOLDER/gone cannot be used"),
        (["--hosts", "gone"], "--ranks is None, but should be a number, because --hosts or --oversubscribe"),
        (["--image", "casa", "-k", "casa"], "--kernel is 'casa', but should be left out with --ranks"),
        (["--network", "host"], "--network is 'host', but should be given together with a container"),
        (["--sandbox", "--bind", "gone"], "--bind is 'gone', but should be SRC"),
        (["--retry", "failed", "--ranks", "2"], "With --retry, --ranks is 2, but should be left out"),
        (["--retry", "failed", "--sandbox"], "With --retry, --sandbox is True, but should be left out"),
    ],
)
def test_a_kernel_that_cannot_be_is_told_before_anything_starts(
    words: List[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # An engine that has no image; it is not asked.
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    (tmp_path / "podman").symlink_to("/bin/false")
    (tmp_path / "mpirun").symlink_to("/bin/false")
    (tmp_path / "a.py").write_text("1")
    assert main(["run", "a.py", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"casa-desktop: {sentence.replace('FOLDER', str(tmp_path))}")
    assert said.count("\n") == 1
    assert not (tmp_path / "a.out.ipynb").exists()


def test_a_run_with_an_installed_kernel_does_without_containers_and_networks(tmp_path: Path) -> None:
    code = (
        "import sys; from casa_desktop.__main__ import main; main(['run', 'gone.py'])\n"
        "late = ('casa_desktop.containers', 'casa_desktop.kernels.unwritten', 'casa_desktop.network')\n"
        "print([name for name in sys.modules if name.startswith(late)])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
    assert "gone.py cannot be read" in run.stderr


def test_an_image_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "apptainer").symlink_to("/bin/false")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["run", "a.py", "--sif", "gone.sif"]) == 2
    assert f"({tmp_path}/gone.sif) cannot be used: there is no such file." in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert main(["run", "a.py", "--image", "casa"]) == 2
    assert "No container engine was found: looked on PATH for podman and docker." in capsys.readouterr().err
