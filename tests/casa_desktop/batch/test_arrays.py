"""Arrays of jobs, here and on a real Slurm, with real kernels, by the command line."""

from __future__ import annotations

import os
import shutil
import signal
import string
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import pytest

from ...support import slurm as real_slurm
from ...support.jobs import ENDLESS, Begun, Jobs, left, script, texts
from ...support.slurm import Slurm

# A reduction of data that may be missing, and that does not end for one of them, the first time.
REDUCE = f"""\
import os
if vis == 'endless.ms' and not os.path.exists('again'):
    {ENDLESS.replace(chr(10), chr(10) + "    ")}
if not os.path.exists(vis):
    raise FileNotFoundError(vis)
print(vis)"""


@pytest.fixture(scope="module")
def work(place: Path) -> Path:
    folder = place / "arrays"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def slurm(place: Path) -> Iterator[Slurm]:
    with real_slurm.started(place / "slurm-a") as slurm:
        yield slurm


@pytest.fixture(scope="module")
def jobs(environment: Dict[str, str], work: Path) -> Iterator[Jobs]:
    yield from _jobs(environment, work / "home")


@pytest.fixture(scope="module")
def slurm_jobs(environment: Dict[str, str], slurm: Slurm, work: Path) -> Iterator[Jobs]:
    yield from _jobs({**environment, **slurm.environment}, work / "slurm-home")


def _jobs(environment: Dict[str, str], home: Path) -> Iterator[Jobs]:
    jobs = Jobs(environment, home)
    yield jobs
    jobs.end()
    assert not left(home)


def _reduction(folder: Path, name: str, *data: str, missing: str = "") -> Path:
    """Write a script, a list of data, and all but one of them, into a new folder; return the script's path."""
    path = script(folder, name, REDUCE, parameters="vis = 'a.ms'")
    (folder / "list.txt").write_text("\n".join(["# data", *data, ""]))
    for each in set(data) - {missing}:
        (folder / each).touch()
    return path


def _begin(jobs: Jobs, path: Path, *words: str) -> str:
    """Begin an array; return what is said."""
    called = jobs.call("run", path.name, "-p", "vis=@list.txt", "--on", *words, cwd=path.parent)
    assert called.returncode == 0, called.stderr
    return called.stdout


def _columns(table: List[str]) -> List[List[str]]:
    """Return the id, the value, the phase and the cell of each job in the table of an array, by its head."""
    head, *lines = table
    places = [head.index(name) for name in ("ID", "vis", "PHASE", "CELL", "TIME")]
    # The last line has how many there are.
    jobs = [line for line in lines if not line.split()[0].endswith(":")]
    return [[line[begin:end].strip() for begin, end in zip(places, places[1:])] for line in jobs]


class Survey(NamedTuple):
    """An array of four jobs, one after the other: the first was killed, and the data of the third were missing.

    Attributes:
        folder: in which it ran.
        overview: what ``jobs`` printed while the first ran.
        refused: what ``run --retry`` said then.
        waited: what ``jobs wait`` printed, and its exit status.
        listed: what ``jobs list`` printed afterwards.
        jobs: what it says of each, by their ids.
    """

    folder: Path
    overview: List[str]
    refused: str
    waited: Tuple[int, List[str]]
    listed: List[str]
    jobs: Dict[str, Dict[str, Any]]


@pytest.fixture(scope="module")
def survey(jobs: Jobs, work: Path) -> Survey:
    path = _reduction(work / "here", "reduce", "endless.ms", "my field.ms", "wrong.ms", "b.ms", missing="wrong.ms")
    begun = Begun(path.parent)
    said = _begin(jobs, path, "here", "--at-most", "1")
    assert said == (
        "reduce-1 was started: 4 jobs, at most 1 at a time. 'casa-desktop jobs list reduce-1' tells how far they are.\n"
    )
    begun.wait()
    overview = jobs.call("jobs").stdout.splitlines()
    refused = jobs.call("run", "--retry", "failed", "reduce-1").stderr
    os.kill(jobs.listed("reduce-1.1")["reduce-1.1"]["pid"], signal.SIGKILL)
    waited = jobs.wait("reduce-1")
    listed = jobs.call("jobs", "list", "reduce-1").stdout.splitlines()
    ended = waited.returncode, waited.stdout.splitlines()
    return Survey(path.parent, overview, refused, ended, listed, jobs.listed("reduce-1"))


def test_an_array_goes_on_behind_a_job_that_was_killed(survey: Survey) -> None:
    status, lines = survey.waited
    assert status == 137
    assert _columns(lines) == [
        ["reduce-1.1", "endless.ms", "ERROR", "3 of 3"],
        ["reduce-1.2", "my field.ms", "COMPLETED", "3 of 3"],
        ["reduce-1.3", "wrong.ms", "ERROR", "3 of 3"],
        ["reduce-1.4", "b.ms", "COMPLETED", "3 of 3"],
    ]
    assert "Its process ended without a word in cell 3 of 3: it was killed" in lines[1]
    assert lines[3].endswith("  Cell 3 of 3 failed: FileNotFoundError: wrong.ms")
    assert lines[-1] == "reduce-1: 4 jobs: 2 COMPLETED, 2 ERROR"
    assert survey.listed == lines[:-1]
    assert texts(survey.jobs["reduce-1.2"]["output"]) == ["my field.ms\n"]
    # Never two at the same time.
    assert survey.jobs["reduce-1.2"]["since"] <= survey.jobs["reduce-1.3"]["begun"]
    assert survey.jobs["reduce-1.3"]["since"] <= survey.jobs["reduce-1.4"]["begun"]


def test_an_array_has_one_line_in_the_list_of_all_jobs(survey: Survey) -> None:
    head, *lines = survey.overview
    assert head.split() == ["ID", "PHASE", "CELL", "SINCE"]
    (line,) = (each for each in lines if each.startswith("reduce-1 "))
    assert line.split()[1] == "EXECUTING"
    assert line.endswith("  4 jobs: 3 QUEUED, 1 EXECUTING")


def test_what_has_failed_of_an_array_is_run_again_in_place(jobs: Jobs, survey: Survey) -> None:
    assert "The job 'reduce-1.1' in" in survey.refused
    (survey.folder / "wrong.ms").touch()
    (survey.folder / "again").touch()
    again = jobs.call("run", "--retry", "failed", "reduce-1")
    assert again.stdout == "reduce-1 was started again: reduce-1.1, reduce-1.3.\n"
    waited = jobs.wait("reduce-1")
    assert (waited.returncode, waited.stdout.splitlines()[-1]) == (0, "reduce-1: 4 jobs: 4 COMPLETED")
    told = jobs.listed("reduce-1")
    assert texts(told["reduce-1.3"]["output"]) == ["wrong.ms\n"]
    assert [told[name] == survey.jobs[name] for name in told] == [False, True, False, True]
    assert jobs.call("run", "--retry", "failed", "reduce-1").stdout == "No job of reduce-1 has failed.\n"
    log = jobs.call("jobs", "log", "reduce-1").stdout
    assert [log.count(f"==> reduce-1.{number} <==\n") for number in (1, 2, 3, 4, 5)] == [1, 1, 1, 1, 0]


def test_an_array_is_stopped_and_removed_as_a_whole_and_each_of_its_jobs_alone(jobs: Jobs, work: Path) -> None:
    path = _reduction(work / "stopped", "stopped", "endless.ms", "b.ms", "c.ms")
    begun = Begun(path.parent)
    _begin(jobs, path, "here", "--at-most", "1")
    begun.wait()
    stopped = jobs.call("jobs", "stop", "stopped-1.2").stdout
    assert stopped == "stopped-1.2: ABORTED. It was stopped before it began.\n"
    assert [job["phase"] for job in jobs.listed("stopped-1").values()] == ["EXECUTING", "ABORTED", "QUEUED"]
    assert "The job 'stopped-1.1' in" in jobs.call("jobs", "remove", "stopped-1").stderr
    assert len(jobs.listed("stopped-1")) == 3
    stopped = jobs.call("jobs", "stop", "stopped-1").stdout
    assert stopped.splitlines()[-1] == "stopped-1: 3 jobs: 3 ABORTED"
    assert [job["sentence"] for job in jobs.listed("stopped-1").values()] == [
        "It was stopped in cell 3 of 3.",
        "It was stopped before it began.",
        "It was stopped before it began.",
    ]
    # The array's number is not given to a job; and a text may begin like a list.
    (path.parent / "@list.txt").touch()
    assert jobs.submit(path, "-r", "vis=@list.txt") == "stopped-2"
    assert jobs.call("run", "--retry", "stopped", "stopped-1.3").stdout.endswith(": stopped-1.3.\n")
    assert jobs.wait("stopped-1.3").stdout == "stopped-1.3: COMPLETED\n"
    assert jobs.wait("stopped-2").returncode == 0
    assert texts(jobs.listed("stopped-2")["stopped-2"]["output"]) == ["@list.txt\n"]
    assert jobs.call("jobs", "remove", "stopped-1").returncode == 0
    assert [name for name in jobs.listed() if name.startswith("stopped-1")] == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (signal.SIGTERM, "It was stopped by SIGTERM before it began; it can go on."),
        (signal.SIGKILL, "Its process ended without a word before it began: it was killed"),
    ],
)
def test_jobs_that_nothing_will_start_any_more_have_failed(
    jobs: Jobs, work: Path, number: signal.Signals, sentence: str
) -> None:
    path = _reduction(work / f"queue-{number.name}", number.name, "endless.ms", "b.ms")
    begun = Begun(path.parent)
    _begin(jobs, path, "here", "--at-most", "1")
    begun.wait()
    name = f"{number.name}-1"
    os.kill(jobs.listed(f"{name}.2")[f"{name}.2"]["pid"], number)
    assert jobs.wait(f"{name}.2").stdout.startswith(f"{name}.2: ERROR. {sentence}")
    # That which runs goes on.
    assert jobs.listed(f"{name}.1")[f"{name}.1"]["phase"] == "EXECUTING"
    assert jobs.call("jobs", "stop", name).stdout.splitlines()[-1] == f"{name}: 2 jobs: 1 ABORTED, 1 ERROR"


@pytest.mark.parametrize("number", [6, pytest.param(20, marks=pytest.mark.timeout(1800))])
def test_an_array_on_slurm_tells_which_of_its_jobs_failed_and_runs_them_again(
    slurm_jobs: Jobs, work: Path, number: int, request: pytest.FixtureRequest
) -> None:
    if number > 6 and not request.config.getoption("--long"):
        pytest.skip("it starts twenty kernels; --long does that")
    data = [f"{letter}.ms" for letter in string.ascii_lowercase[:number]]
    name = f"reduce{number}-1"
    path = _reduction(work / f"{number}-on-slurm", f"reduce{number}", *data, missing="d.ms")
    # Three at a time on the 16 processors that this Slurm believes in.
    said = _begin(slurm_jobs, path, "slurm", "--", "-c5")
    assert said == f"{name} was started: {number} jobs. 'casa-desktop jobs list {name}' tells how far they are.\n"
    for each in range(1, number + 1):
        assert slurm_jobs.wait(f"{name}.{each}").returncode == (1 if each == 4 else 0)
    waited = slurm_jobs.wait(name)
    assert waited.returncode == 1
    phases = ["ERROR" if name == "d.ms" else "COMPLETED" for name in data]
    assert [line[1:3] for line in _columns(waited.stdout.splitlines())] == [[*each] for each in zip(data, phases)]
    assert waited.stdout.count("Cell 3 of 3 failed: FileNotFoundError: d.ms\n") == 1
    assert waited.stdout.endswith(f"{name}: {number} jobs: {number - 1} COMPLETED, 1 ERROR\n")
    assert f"  {number} jobs: {number - 1} COMPLETED, 1 ERROR\n" in slurm_jobs.call("jobs").stdout
    before = slurm_jobs.listed(name)
    assert len({job["slurm"] for job in before.values()}) == number
    (path.parent / "d.ms").touch()
    again = slurm_jobs.call("run", "--retry", "failed", name, "--", "-c4")
    assert again.stdout == f"{name} was started again: {name}.4.\n"
    assert slurm_jobs.wait(name).stdout.endswith(f"{name}: {number} jobs: {number} COMPLETED\n")
    after = slurm_jobs.listed(name)
    assert (after[f"{name}.4"]["options"], after[f"{name}.3"]) == (["-c4"], before[f"{name}.3"])


def test_an_array_of_which_slurm_takes_only_some_is_taken_back(slurm_jobs: Jobs, slurm: Slurm, work: Path) -> None:
    path = _reduction(work / "some", "some", "a.ms", "b.ms", "c.ms")
    # sbatch itself, with an option that it does not know from the third time on.
    sbatch = path.parent / "bin" / "sbatch"
    sbatch.parent.mkdir()
    times = path.parent / "times"
    lines = [
        "#!/bin/sh",
        f"echo >> {times}",
        f'[ $(wc -l < {times}) -lt 3 ] || set -- --unheard-of "$@"',
        f'exec {shutil.which("sbatch")} "$@"\n',
    ]
    sbatch.write_text("\n".join(lines))
    sbatch.chmod(0o700)
    search = f"{sbatch.parent}:{slurm_jobs.environment['PATH']}"
    limited = Jobs({**slurm_jobs.environment, "PATH": search}, work / "slurm-home")
    words = ["-p", "vis=@list.txt", "--on", "slurm", "--", "--hold"]
    refused = limited.call("run", path.name, *words, cwd=path.parent)
    assert refused.returncode == 2
    assert "The job was not started by Slurm: " in refused.stderr
    assert "unrecognized option '--unheard-of'" in refused.stderr
    assert not list(slurm_jobs.folder.glob("some*"))
    assert times.read_text() == "\n" * 3
    names = slurm.run("squeue", "--noheader", "--states=PENDING,RUNNING", "--format=%j").split()
    assert [name for name in names if name.startswith("some")] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-p", "vis=@list.txt"], "The parameter vis is '@list.txt', but should be one value, unless with --on here"),
        (["-p", "vis=@nowhere.txt", "--on", "here"], "The list nowhere.txt cannot be used: No such file or directory."),
        (["-p", "vis=@list.txt", "-p", "spw=@one.txt", "--on", "here"], "it has 1 values, but list.txt has 2"),
        (["-p", "robust=@list.txt", "--on", "here"], "The parameter robust is 'b.ms', but should be a number"),
        (["-p", "vsi=@list.txt", "--on", "slurm"], "has no parameter 'vsi'"),
        (["-p", "vis=@list.txt", "--on", "here", "--at-most", "0"], "--at-most is 0, but should be 1 or more."),
        (["-p", "vis=@list.txt", "--on", "slurm", "--at-most", "2"], "--at-most is 2, but should be left out, unless"),
        (["-p", "vis=a.ms", "--on", "here", "--at-most", "2"], "--at-most is 2, but should be left out, unless"),
        (["-p", "vis=@list.txt", "--on", "here", "-o", "x"], "left out: each job of an array writes into its folder."),
        (["--retry", "failed", "-p", "vis=a"], "With --retry, --parameter is ['vis=a'], but should be left out"),
        (["--retry", "failed"], "There is no job 'some.py' in"),
    ],
)
def test_an_array_that_is_impossible_is_refused_before_its_first_job(
    jobs: Jobs, work: Path, words: List[str], sentence: str
) -> None:
    folder = work / "impossible"
    if not folder.exists():
        path = script(folder, "some", "print(vis)", parameters="vis = 'a.ms'\nrobust = 0.5\nspw = ''")
        (folder / "list.txt").write_text("0.5\nb.ms\n")
        (folder / "one.txt").write_text("1\n")
        assert path.name == "some.py"
    refused = jobs.call("run", "some.py", *words, cwd=folder)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert sentence in refused.stderr
    assert not list(jobs.folder.glob("some*"))
