"""Jobs on a real Slurm, with real kernels. They are submitted together, because each starts a kernel."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import psutil
import pytest
from inotify_simple import INotify, flags

from casa_desktop.batch import jobs as engines
from casa_desktop.batch.job_state import EXECUTING
from casa_desktop.batch.planning import Wish

from ...support import slurm as real_slurm
from ...support.jobs import ENDLESS, PATIENCE, Begun, Jobs, left, script, texts
from ...support.ranks import WITH_MPI
from ...support.slurm import Slurm

# A task whose result is kept, and a cell that runs until the job is warned; the next time it is done at once.
WARNED: Tuple[str, ...] = (
    "import os\nfrom casatools import image\nfrom casatasks import immath",
    "if not os.path.exists('a.im'):\n    image().fromshape('a.im', [16, 16])",
    "_ = immath(imagename='a.im', expr='IM0+2', outfile='b.im')",
    "if not os.path.exists('warned'):\n    os.mkdir('warned')\n    " + ENDLESS.replace("\n", "\n    "),
)
HUNGRY = "held = b'x' * (2 << 30)\n" + ENDLESS
# The jobs, by what happens to them: their cells, and the options for sbatch.
JOBS: Dict[str, Tuple[Tuple[str, ...], List[str]]] = {
    "watched": (("print('first')", ENDLESS.partition("import")[0] + "print(open('go').read())"), ["--time=60", "-c2"]),
    "stopped": (("print('first')", ENDLESS), []),
    "cancelled": ((ENDLESS,), []),
    "killed": (("print('first')", ENDLESS), []),
    "warned": (WARNED, [f"--signal=B:USR1@{5 * 60}"]),
    "lost": (("print('first')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), []),
    "hungry": (("print('first')", HUNGRY), ["--mem=1200M"]),
}


@pytest.fixture(scope="module")
def slurm(place: Path) -> Iterator[Slurm]:
    with real_slurm.started(place / "slurm") as slurm:
        yield slurm


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    folder = place / "on-slurm"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def jobs(environment: Dict[str, str], slurm: Slurm, work: Path) -> Iterator[Jobs]:
    jobs = Jobs({**environment, **slurm.environment}, work / "home")
    yield jobs
    jobs.end()
    assert not left(work / "home")


@pytest.fixture(scope="module")
def begun(jobs: Jobs, work: Path) -> Dict[str, Begun]:
    """What tells that the cells run which wait; all jobs are submitted."""
    found = {}
    for name, (cells, options) in JOBS.items():
        path = script(work / name, name, *cells)
        found[name] = Begun(path.parent)
        os.mkfifo(path.parent / "go")
        wish = Wish(path, folder=path.parent)
        assert engines.submit(wish, "slurm", options, jobs.environment).id == f"{name}-1"
    return found


def _until_saved(output: Path, printed: List[str]) -> None:
    """Wait until a notebook, which is replaced whole, has what its cells have printed."""
    with INotify() as changes:
        changes.add_watch(str(output.parent), flags.MOVED_TO)
        while texts(str(output)) != printed:
            assert changes.read(timeout=int(PATIENCE * 1000))


def _ended(jobs: Jobs, name: str) -> str:
    """Wait for the end of a job; return what is said of it."""
    return jobs.wait(f"{name}-1").stdout.rstrip("\n").partition(": ")[2]


def test_a_job_whose_time_is_up_is_run_again_and_goes_on_where_it_was(
    jobs: Jobs, begun: Dict[str, Begun], slurm: Slurm
) -> None:
    begun["warned"].wait()
    job = jobs.listed("warned-1")["warned-1"]
    # It ends in three to four minutes, and is to be warned five before: Slurm does so within half a minute.
    minutes = int(time.time() - job["since"]) // 60 + 4
    slurm.run("scontrol", "update", f"jobid={job['slurm']}", f"timelimit={minutes}")
    slurm.until(job["slurm"], "PENDING")
    # Or it would be warned again as soon as it begins.
    slurm.run("scontrol", "update", f"jobid={job['slurm']}", "timelimit=600")
    assert _ended(jobs, "warned") == "COMPLETED"
    job = jobs.listed("warned-1")["warned-1"]
    assert "immath: nothing to do" in Path(job["output"]).read_text()
    log = jobs.call("jobs", "log", "warned-1").stdout
    assert "Stopping (SIGUSR1)" in log
    assert log.count("cell 4 of 4: ") == 2


def test_a_notebook_that_slurm_runs_can_be_watched(
    jobs: Jobs, begun: Dict[str, Begun], slurm: Slurm, work: Path
) -> None:
    begun["watched"].wait()
    job = jobs.listed("watched-1")["watched-1"]
    assert (job["phase"], job["cell"], job["cells"], job["engine"]) == ("EXECUTING", 2, 2, "slurm")
    assert job["options"] == ["--time=60", "-c2"]
    assert slurm.run("squeue", "--noheader", "--name=watched-1", "--format=%i").split() == [job["slurm"]]
    # What a long cell has printed is there before it ends.
    _until_saved(Path(job["output"]), ["first\n", "before\n"])
    (work / "watched" / "go").write_text("gone on")
    assert jobs.wait("watched-1").returncode == 0
    assert "gone on" in "".join(texts(job["output"]))
    assert jobs.listed("watched-1")["watched-1"]["phase"] == "COMPLETED"
    assert "cell 2 of 2: print('before'" in jobs.call("jobs", "log", "watched-1").stdout


def test_a_job_that_is_stopped_saves_its_notebook_first(jobs: Jobs, begun: Dict[str, Begun]) -> None:
    begun["stopped"].wait()
    assert jobs.call("jobs", "stop", "stopped-1").stdout == "stopped-1: ABORTED. It was stopped in cell 2 of 2.\n"
    assert texts(jobs.listed("stopped-1")["stopped-1"]["output"])[:1] == ["first\n"]


def test_a_job_that_slurm_is_told_to_cancel_is_aborted(jobs: Jobs, begun: Dict[str, Begun], slurm: Slurm) -> None:
    begun["cancelled"].wait()
    slurm.run("scancel", jobs.listed("cancelled-1")["cancelled-1"]["slurm"])
    assert _ended(jobs, "cancelled") == "ABORTED. It was cancelled in cell 1 of 1."


def test_a_job_whose_process_is_killed_is_said_to_have_ended(jobs: Jobs, begun: Dict[str, Begun]) -> None:
    begun["killed"].wait()
    psutil.Process(jobs.listed("killed-1")["killed-1"]["pid"]).kill()
    assert _ended(jobs, "killed").startswith("ERROR. Its process ended without a word in cell 2 of 2 (Slurm: FAILED, ")


def test_a_job_whose_kernel_is_killed_has_lost_it(jobs: Jobs, begun: Dict[str, Begun]) -> None:
    assert begun
    waited = jobs.wait("lost-1")
    assert waited.returncode == 137
    assert waited.stdout.startswith("lost-1: ERROR. The kernel 'casa' failed: it was ")
    assert waited.stdout.endswith("(in cell 2).\n")
    job = jobs.listed("lost-1")["lost-1"]
    assert (job["status"], texts(job["output"])[0]) == (137, "first\n")


def test_a_job_that_needs_more_memory_than_it_asked_for_fails_with_that_word(
    jobs: Jobs, begun: Dict[str, Begun]
) -> None:
    assert begun
    said = _ended(jobs, "hungry")
    assert said.startswith("ERROR. ")
    assert "memory" in said
    assert texts(jobs.listed("hungry-1")["hungry-1"]["output"])[0] == "first\n"


@WITH_MPI
def test_a_job_over_mpi_has_its_own_ranks_within_slurm(jobs: Jobs, work: Path) -> None:
    told = (
        "import os\nprint(os.environ['OMPI_COMM_WORLD_SIZE'], os.environ['SLURM_JOB_ID'], 'SLURM_PROCID' in os.environ)"
    )
    path = script(work / "ranks", "ranks", told)
    name = jobs.submit(path, "--ranks", "2", "--oversubscribe", on="slurm")
    assert jobs.wait(name).stdout == f"{name}: COMPLETED\n"
    job = jobs.listed(name)[name]
    assert texts(job["output"]) == [f"2 {job['slurm']} False\n"]
    # How many a node may have is known there.
    waited = jobs.wait(jobs.submit(path, "--ranks", "4000", on="slurm"))
    assert waited.returncode == 137
    assert "could not be started: --ranks is 4000, but should be " in waited.stdout


@pytest.mark.parametrize(
    ("options", "prepare", "phase", "sentence", "undo"),
    [
        (["--hold"], (), "HELD", "JobHeldUser", ()),
        (["--begin=now+1hour"], (), "QUEUED", "BeginTime", ()),
        (
            [],
            ("update", "nodename=node", "state=drain", "reason=a-broken-fan"),
            "QUEUED",
            "ReqNodeNotAvail|Nodes required for job are DOWN, DRAINED",
            ("update", "nodename=node", "state=resume"),
        ),
    ],
    ids=["held", "later", "drained"],
)
def test_a_job_that_waits_tells_for_what_and_can_be_stopped(
    jobs: Jobs,
    slurm: Slurm,
    work: Path,
    request: pytest.FixtureRequest,
    options: List[str],
    prepare: Tuple[str, ...],
    phase: str,
    sentence: str,
    undo: Tuple[str, ...],
) -> None:
    path = script(work / request.node.callspec.id, request.node.callspec.id, "print(1)")
    if prepare:
        slurm.run("scontrol", *prepare)
    name = engines.submit(Wish(path, folder=path.parent), "slurm", options, jobs.environment).id
    slurm.until(jobs.listed(name)[name]["slurm"], "PENDING", reasoned=True)
    job = jobs.listed(name)[name]
    assert job["phase"] == phase
    assert re.match(f"Slurm: (?:{sentence})", job["sentence"])
    assert f"The job '{name}' in {jobs.folder / name} has not ended" in jobs.call("jobs", "remove", name).stderr
    assert jobs.call("jobs", "stop", name).stdout == f"{name}: ABORTED. It was cancelled.\n"
    if undo:
        slurm.run("scontrol", *undo)


@pytest.mark.parametrize(
    ("words", "changes", "sentence"),
    [
        (["--", "--mem=999G"], {}, "The job was not started by Slurm: sbatch: error: "),
        (["--", "--nonsense"], {}, "sbatch: unrecognized option '--nonsense'"),
        (["--", "--array=1-9"], {}, "should be left out"),
        (["--"], {"PATH": ""}, "No Slurm was found: looked on PATH for sbatch."),
        (["--"], {"SLURM_CONF": "/dev/null"}, "The job was not started by Slurm: sbatch: "),
    ],
)
def test_what_slurm_does_not_take_is_told_in_its_own_words_and_leaves_no_job(
    jobs: Jobs, work: Path, words: List[str], changes: Dict[str, str], sentence: str
) -> None:
    path = script(work / f"refused-{len(os.listdir(work))}", "refused", "print(1)")
    refused = Jobs({**jobs.environment, **changes}, work / "home").call(
        "run", path.name, "--on", "slurm", *words, cwd=path.parent
    )
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert not list(jobs.folder.glob("refused*"))


def test_options_for_slurm_without_it_are_refused(jobs: Jobs, begun: Dict[str, Begun], work: Path) -> None:
    assert begun
    for engine in ([], ["--on", "here"]):
        refused = jobs.call("run", "watched.py", *engine, "--", "--mem=1G", cwd=work / "watched")
        assert refused.returncode == 2
        assert "but should be left out, unless with --on slurm" in refused.stderr


def test_what_slurm_does_not_tell_is_unknown(jobs: Jobs, slurm: Slurm, work: Path) -> None:
    path = script(work / "unknown", "unknown", "print(1)")
    name = engines.submit(Wish(path, folder=path.parent), "slurm", ["--hold"], jobs.environment).id
    lost = Jobs({**jobs.environment, "SLURM_CONF": "/dev/null"}, work / "home")
    job = lost.listed(name)[name]
    assert job["phase"] == "UNKNOWN"
    assert job["sentence"].startswith("Slurm does not tell: Slurm's squeue failed: squeue: ")
    assert lost.call("jobs", "wait", name).returncode == 1
    assert jobs.call("jobs", "stop", name).stdout.startswith(f"{name}: ABORTED")


def test_a_job_that_slurm_has_forgotten_has_ended_without_a_word(jobs: Jobs, slurm: Slurm, work: Path) -> None:
    path = script(work / "forgotten", "forgotten", "print(1)")
    folder = engines.submit(Wish(path, folder=path.parent), "slurm", ["--hold"], jobs.environment)
    state = folder.state()
    slurm.run("scancel", state.slurm)
    # As after MinJobAge, where no accounting is kept either.
    folder.write(replace(state, phase=EXECUTING, cell=1, cells=2, slurm="987654321"))
    job = jobs.listed(folder.id)[folder.id]
    assert (job["phase"], job["status"]) == ("ERROR", 137)
    assert job["sentence"] == (
        "Its process ended without a word in cell 1 of 2, and Slurm no longer knows its job 987654321."
    )
