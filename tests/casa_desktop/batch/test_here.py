"""Jobs on this machine, with real kernels, by the command line. They are started together."""

from __future__ import annotations

import os
import pty
import signal
import sys
from pathlib import Path
from typing import Dict, Iterator

import psutil
import pytest

from ...support.jobs import ENDLESS, PATIENCE, Begun, Jobs, left, script, texts
from ...support.living import below, is_alive, living

# A task whose result is kept, and a cell that runs until the job is killed; the next time it shows the result.
KEPT = (
    "import os\nfrom casatools import image\nfrom casatasks import immath, imstat",
    "if not os.path.exists('a.im'):\n    image().fromshape('a.im', [16, 16])",
    "_ = immath(imagename='a.im', expr='IM0+2', outfile='b.im')",
    "if not os.path.exists('again'):\n    " + ENDLESS.replace("\n", "\n    "),
    "print(float(imstat('b.im')['max'][0]))",
)


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    folder = place / "work"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def jobs(environment: Dict[str, str], work: Path) -> Iterator[Jobs]:
    jobs = Jobs(environment, work / "home")
    yield jobs
    not_ended = jobs.end()
    assert not left(work / "home")
    assert not not_ended


@pytest.fixture(scope="module")
def ended(jobs: Jobs, work: Path) -> Dict[str, str]:
    """The ids of jobs that end by themselves, by what is special about them; all have begun."""
    scripts = {
        "done": script(work / "done", "reduce", "print(vis * 2)", parameters="vis = 'a.ms'"),
        "failed": script(
            work / "failed", "wrong", "print('first')", "raise ValueError('no such\\n field')", "print(3)"
        ),
        "lost": script(
            work / "lost", "lost", "print('first')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
        ),
    }
    more = {"done": ["-p", "vis=my.ms", "-o", "my.ipynb"]}
    return {name: jobs.submit(path, *more.get(name, [])) for name, path in scripts.items()}


def test_a_job_does_what_a_run_does_and_says_so_itself(jobs: Jobs, ended: Dict[str, str], work: Path) -> None:
    assert ended["done"] == "reduce-1"
    waited = jobs.wait("reduce-1")
    assert (waited.returncode, waited.stdout) == (0, "reduce-1: COMPLETED\n")
    assert texts(str(work / "done" / "my.ipynb")) == ["my.msmy.ms\n"]
    job = jobs.listed("reduce-1")["reduce-1"]
    assert (job["phase"], job["status"], job["cell"], job["cells"]) == ("COMPLETED", 0, 3, 3)
    assert (job["parameters"], job["engine"]) == ({"vis": "my.ms"}, "here")
    assert "cell 3 of 3: print(vis * 2)" in jobs.call("jobs", "log", "reduce-1").stdout
    head, *rows = jobs.call("jobs").stdout.splitlines()
    assert head.split() == ["ID", "PHASE", "CELL", "SINCE"]
    assert next(row for row in rows if row.startswith("reduce-1 ")).split()[1:5] == ["COMPLETED", "3", "of", "3"]


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("failed", 1, "Cell 2 of 3 failed: ValueError: no such"),
        ("lost", 137, "The kernel 'casa' failed: "),
    ],
)
def test_a_job_that_fails_tells_why(jobs: Jobs, ended: Dict[str, str], name: str, status: int, sentence: str) -> None:
    waited = jobs.wait(ended[name])
    assert waited.returncode == status
    assert waited.stdout.startswith(f"{ended[name]}: ERROR. {sentence}")
    job = jobs.listed(ended[name])[ended[name]]
    assert texts(job["output"]) == ["first\n"]
    assert Path(job["output"]).parent == jobs.folder / ended[name]


@pytest.fixture
def running(jobs: Jobs, work: Path, request: pytest.FixtureRequest) -> str:
    """The id of a job whose cell runs and does not end."""
    path = script(work / request.node.name, "endless", ENDLESS)
    begun = Begun(path.parent)
    name = jobs.submit(path)
    begun.wait()
    return name


def test_a_job_that_is_stopped_keeps_what_it_has(jobs: Jobs, running: str) -> None:
    assert "has not ended" in jobs.call("jobs", "remove", running).stderr
    assert jobs.listed(running)[running]["phase"] == "EXECUTING"
    stopped = jobs.call("jobs", "stop", running)
    assert (stopped.returncode, stopped.stdout) == (0, f"{running}: ABORTED. It was stopped in cell 1 of 1.\n")
    job = jobs.listed(running)[running]
    assert job["status"] == 75
    assert "".join(texts(job["output"])).startswith("before\n")
    # Once more has nothing to do.
    assert jobs.call("jobs", "stop", running).stdout == stopped.stdout
    assert jobs.call("jobs", "remove", running).returncode == 0
    assert not (jobs.folder / running).exists()


def test_a_job_that_others_end_can_go_on_and_one_that_is_killed_is_no_more_said_to_run(
    jobs: Jobs, running: str
) -> None:
    job = jobs.listed(running)[running]
    kernels = below(job["pid"])
    assert kernels
    os.kill(job["pid"], signal.SIGKILL)
    assert jobs.wait(running).stdout == (
        f"{running}: ERROR. Its process ended without a word in cell 1 of 1: it was killed, perhaps for memory, or the "
        "machine was restarted.\n"
    )
    # They notice that their parent is gone.
    psutil.wait_procs(kernels, timeout=PATIENCE)
    assert not [each for each in kernels if is_alive(each)]


def test_a_job_that_was_killed_in_the_middle_goes_on_by_the_results_that_are_kept(jobs: Jobs, work: Path) -> None:
    path = script(work / "middle", "middle", *KEPT)
    begun = Begun(path.parent)
    name = jobs.submit(path)
    begun.wait()
    os.kill(jobs.listed(name)[name]["pid"], signal.SIGKILL)
    assert jobs.wait(name).returncode == 137
    (path.parent / "again").touch()
    assert jobs.call("run", "--retry", "failed", name).stdout == f"{name} was started again: {name}.\n"
    assert jobs.wait(name).stdout == f"{name}: COMPLETED\n"
    assert "immath: nothing to do" in Path(jobs.listed(name)[name]["output"]).read_text()
    assert texts(jobs.listed(name)[name]["output"])[-1] == "2.0\n"


def test_a_job_goes_on_when_its_terminal_and_its_login_end(jobs: Jobs, work: Path) -> None:
    path = script(work / "terminal", "patient", "print(open('go').read())")
    os.mkfifo(path.parent / "go")
    login, terminal = pty.fork()
    if login == 0:
        # What a terminal's shell does, and is told when it closes.
        os.chdir(path.parent)
        words = [sys.executable, "-m", "casa_desktop", "run", path.name, "--on", "here"]
        os.execve("/bin/sh", ["sh", "-c", f"{' '.join(words)}; exec cat"], jobs.environment)
    said = b""
    while b"patient-1 was started" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(login, 0)
    (path.parent / "go").write_text("gone on")
    assert jobs.wait("patient-1").returncode == 0
    assert texts(jobs.listed("patient-1")["patient-1"]["output"]) == ["gone on\n"]


def test_two_jobs_do_not_write_one_notebook(jobs: Jobs, work: Path) -> None:
    path = script(work / "same", "same", ENDLESS)
    begun = Begun(path.parent)
    first = jobs.submit(path, "-o", "same.ipynb")
    second = jobs.call("run", "same.py", "--on", "here", "-o", str(path.parent / "." / "same.ipynb"), cwd=path.parent)
    assert second.returncode == 2
    assert f"The job '{first}' writes {path.parent / 'same.ipynb'}, too, and has not ended." in second.stderr
    begun.wait()
    assert list(jobs.listed(first)) == [first]
    processes = living(jobs.listed(first)[first]["pid"])
    assert processes
    os.kill(processes[0].pid, signal.SIGTERM)
    assert jobs.wait(first).stdout == f"{first}: ERROR. It was stopped by SIGTERM in cell 1 of 1; it can go on.\n"
    # It has said so itself, as the last thing before it ends.
    assert psutil.wait_procs(processes, timeout=PATIENCE)[1] == []
    assert jobs.submit(path, "-o", "same.ipynb") == "same-2"
    assert jobs.call("jobs", "stop", "same-2").stdout.startswith("same-2: ABORTED. It was stopped")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.ipynb"], "cannot be read: No such file or directory"),
        (["reduce.py", "-p", "vsi=my.ms"], "has no parameter 'vsi'"),
        (["reduce.py", "-o", "nowhere/my.ipynb"], "its folder does not exist"),
        (["reduce.py", "-k", "casa-1"], "There is no kernel 'casa-1'"),
    ],
)
def test_what_cannot_run_is_refused_at_once_and_leaves_no_job(
    jobs: Jobs, ended: Dict[str, str], work: Path, words: list[str], sentence: str
) -> None:
    before = set(os.listdir(jobs.folder))
    refused = jobs.call("run", *words, "--on", "here", cwd=work / "done")
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert set(os.listdir(jobs.folder)) == before
    assert ended
