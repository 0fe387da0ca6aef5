from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from casa_desktop.__main__ import main
from casa_desktop.batch import job_root
from casa_desktop.batch.job_folder import Folder
from casa_desktop.batch.job_state import COMPLETED, ERROR, EXECUTING, Job, State
from casa_desktop.batch.jobs import Row
from casa_desktop.cli.job_table import of_array, overview, table

NOW = time.mktime((2026, 11, 29, 15, 30, 0, 0, 0, -1))


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all jobs, in a home of its own; there are none."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "casa-desktop" / "jobs"


def _made(jobs: Path, name: str, state: State) -> Folder:
    """Make the folder of a job that nobody runs."""
    notebook = jobs.parents[2] / f"{name}.py"
    notebook.write_text("")
    job = Job(notebook=str(notebook), output="", kernel="casa", folder=str(notebook.parent))
    folder, lock = job_root.create(jobs, job, notebook)
    os.close(lock)
    folder.write(state)
    return folder


def test_the_table_has_what_runs_now_or_how_it_ended() -> None:
    running = State(EXECUTING, NOW - 600, cell=7, cells=23, doing="tclean(vis, ...)")
    rows = [
        Row(Folder(Path("reduce-1")), None, running),
        Row(Folder(Path("a-12")), None, replace(running, phase=COMPLETED, since=NOW - 86400, cell=23)),
        Row(Folder(Path("b-1")), None, State(ERROR, NOW, "Cell 1 of 2 failed: ValueError: no", 1)),
    ]
    assert table(rows, NOW) == [
        "ID        PHASE      CELL      SINCE",
        "reduce-1  EXECUTING  7 of 23   15:20             tclean(vis, ...)",
        "a-12      COMPLETED  23 of 23  2026-11-28 15:30",
        "b-1       ERROR                15:30             Cell 1 of 2 failed: ValueError: no",
    ]


def _array(*states: State) -> list[Row]:
    parameters = [{"vis": "my field.ms", "robust": 0.5}, {"vis": "b.ms", "robust": -2}]
    return [
        Row(
            Folder(Path(f"reduce-5.{number}")),
            Job("reduce.py", "", "casa", "/", parameters=parameters[number % 2], varied=["vis", "robust"]),
            state,
        )
        for number, state in enumerate(states, 1)
    ]


def test_an_array_has_one_line_among_others_and_a_table_of_its_own() -> None:
    done = State(COMPLETED, NOW - 60, cell=3, cells=3, doing="print(vis)", begun=NOW - 105)
    failed = replace(done, phase=ERROR, since=NOW, sentence="Cell 3 of 3 failed: ValueError: no")
    rows = _array(done, replace(done, phase=EXECUTING, since=NOW - 90, begun=NOW - 90), failed, State("QUEUED", NOW))
    assert overview([Row(Folder(Path("a-1")), None, done), *rows], NOW) == [
        "ID        PHASE      CELL    SINCE",
        "a-1       COMPLETED  3 of 3  15:29",
        "reduce-5  EXECUTING          15:28  4 jobs: 1 COMPLETED, 1 ERROR, 1 QUEUED, 1 EXECUTING",
    ]
    assert of_array(rows, NOW) == [
        "ID          vis          robust  PHASE      CELL    TIME",
        "reduce-5.1  b.ms         -2      COMPLETED  3 of 3  45 s",
        "reduce-5.2  my field.ms  0.5     EXECUTING  3 of 3  1 min 30 s  print(vis)",
        "reduce-5.3  b.ms         -2      ERROR      3 of 3  1 min 45 s  Cell 3 of 3 failed: ValueError: no",
        "reduce-5.4  my field.ms  0.5     QUEUED",
    ]
    assert overview(_array(done, failed), NOW)[1:] == ["reduce-5  ERROR        15:30  2 jobs: 1 COMPLETED, 1 ERROR"]
    damaged = Row(Folder(Path("reduce-5.1")), None, State("UNKNOWN", 0.0, "It cannot be read"))
    assert of_array([damaged], NOW) == [
        "ID          PHASE    CELL  TIME",
        "reduce-5.1  UNKNOWN              It cannot be read",
    ]


def test_without_jobs_it_is_said_how_to_make_one(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert capsys.readouterr().out.startswith(f"There are no jobs in {jobs}. 'casa-desktop run NOTEBOOK --on here'")
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("command", ["list", "log", "wait", "stop", "remove"])
def test_an_id_that_is_nearly_right_is_named(jobs: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _made(jobs, "reduce", State(COMPLETED, NOW, status=0))
    assert main(["jobs", command, "reduc-1"]) == 1
    assert f"There is no job 'reduc-1' in {jobs}. Is it reduce-1?" in capsys.readouterr().err
    assert folder.path.exists()


def test_a_folder_that_is_half_written_is_listed_and_can_be_removed(
    jobs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _made(jobs, "whole", State(COMPLETED, NOW, status=0))
    (_made(jobs, "half", State(EXECUTING, NOW)).path / "job.json").write_text("{")
    assert main(["jobs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["whole-1", "COMPLETED"], ["half-1", "UNKNOWN"]]
    assert "its file job.json is not as a job writes it" in lines[2]
    assert main(["jobs", "wait", "half-1"]) == 1
    assert main(["jobs", "remove", "half-1"]) == 0
    assert job_root.ids(jobs) == ["whole-1"]


def test_a_job_that_nobody_runs_was_killed_and_that_is_written(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _made(jobs, "killed", State(EXECUTING, NOW, cell=2, cells=3, pid=1))
    assert main(["jobs", "wait", folder.id]) == 137
    assert "Its process ended without a word in cell 2 of 3: it was killed" in capsys.readouterr().out
    assert (folder.state().phase, folder.state().status) == (ERROR, 137)


def test_a_job_of_another_machine_is_not_said_to_be_dead(jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _made(jobs, "far", State(EXECUTING, NOW, pid=1, host="elsewhere"))
    assert main(["jobs"]) == 0
    assert "UNKNOWN" in (out := capsys.readouterr().out)
    assert "It was started on elsewhere; ask there." in out
    assert main(["jobs", "wait", folder.id]) == main(["jobs", "stop", folder.id]) == 1
    assert folder.state().phase == EXECUTING


def test_ids_are_completed_without_those_that_are_typed_already(jobs: Path) -> None:
    for name in ("one", "two", "two"):
        _made(jobs, name, State(COMPLETED, NOW, status=0))
    line = "casa-desktop jobs remove two-1 "
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(jobs.parent / "completed"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run([sys.executable, "-m", "casa_desktop"], env=environment, check=True, timeout=60)
    found = (jobs.parent / "completed").read_text().split("\n")
    assert [each for each in found if not each.startswith("-")] == ["one-1", "two-2"]
