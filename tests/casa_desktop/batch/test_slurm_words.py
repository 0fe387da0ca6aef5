from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from casa_desktop.batch import slurm_words
from casa_desktop.batch.job_state import ABORTED, ERROR, EXECUTING, HELD, PENDING, QUEUED, SUSPENDED, UNKNOWN, State
from casa_desktop.batch.slurm_words import Told
from casa_desktop.errors import InvalidSetting

RUNNING = State(EXECUTING, 1.0, cell=3, cells=5, slurm="12")
QUEUEING = State(QUEUED, 1.0, slurm="12")
SAVED = State(EXECUTING, 1.0, "It was stopped by SIGTERM in cell 3 of 5; it can go on.", 75, 3, 5, slurm="12")


@pytest.mark.parametrize(
    ("state", "told", "phase", "status", "sentence"),
    [
        (QUEUEING, Told("PENDING", "Resources"), QUEUED, -1, "Slurm: Resources"),
        (QUEUEING, Told("PENDING"), QUEUED, -1, ""),
        (QUEUEING, Told("PENDING", "JobHeldUser"), HELD, -1, "Slurm: JobHeldUser"),
        (QUEUEING, Told("PENDING", "JobHeldAdmin"), HELD, -1, "Slurm: JobHeldAdmin"),
        (QUEUEING, Told("CONFIGURING"), QUEUED, -1, ""),
        (QUEUEING, Told("RUNNING"), EXECUTING, -1, "It begins."),
        (RUNNING, Told("RUNNING"), EXECUTING, -1, ""),
        (RUNNING, Told("COMPLETING"), EXECUTING, -1, ""),
        (RUNNING, Told("NEVER_HEARD_OF"), EXECUTING, -1, ""),
        (RUNNING, Told("SUSPENDED"), SUSPENDED, -1, ""),
        # Its node failed, and it waits for another.
        (RUNNING, Told("PENDING", "BeginTime"), QUEUED, -1, "Slurm: BeginTime"),
        (SAVED, Told("PENDING", "BeginTime"), QUEUED, -1, "Slurm: BeginTime"),
        (SAVED, Told("COMPLETING"), EXECUTING, 75, "It was stopped by SIGTERM in cell 3 of 5; it can go on."),
        (SAVED, Told("CANCELLED"), ABORTED, 75, "It was cancelled in cell 3 of 5."),
        (SAVED, Told("TIMEOUT", "TimeLimit"), ERROR, 75, "It was stopped by SIGTERM in cell 3 of 5; it can go on."),
        (QUEUEING, Told("CANCELLED"), ABORTED, 75, "It was cancelled."),
        (RUNNING, Told("OUT_OF_MEMORY"), ERROR, 137, "Slurm ended it, because it needed more memory than it had asked"),
        (
            RUNNING,
            Told("TIMEOUT", "TimeLimit"),
            ERROR,
            137,
            "Its time was up before it was saved; ask for more with --",
        ),
        (RUNNING, Told("NODE_FAIL"), ERROR, 137, "Its node failed in cell 3 of 5 (Slurm: NODE_FAIL)."),
        (RUNNING, Told("PREEMPTED"), ERROR, 137, "Slurm ended it for a job of a higher priority in cell 3 of 5"),
        (
            RUNNING,
            Told("FAILED", "NonZeroExitCode"),
            ERROR,
            137,
            "Its process ended without a word in cell 3 of 5 (Slurm",
        ),
        # It has written no end, so nothing says that all is done.
        (RUNNING, Told("COMPLETED"), ERROR, 137, "Its process ended without a word in cell 3 of 5"),
    ],
)
def test_slurm_s_states_are_phases_of_uws(state: State, told: Told, phase: str, status: int, sentence: str) -> None:
    meant = slurm_words.meaning(state, told, "")
    assert (meant.phase, meant.status) == (phase, status)
    assert meant.sentence.startswith(sentence)
    assert bool(meant.sentence) == bool(sentence)


def test_an_error_at_the_end_of_the_log_is_told() -> None:
    last = "slurmstepd-node: error: Exceeded job memory limit"
    assert slurm_words.meaning(RUNNING, Told("FAILED", "JobLaunchFailure"), last).sentence == (
        "Its process ended without a word in cell 3 of 5 (Slurm: FAILED, JobLaunchFailure; its log ends with: "
        "slurmstepd-node: error: Exceeded job memory limit)."
    )


def test_a_job_that_slurm_has_forgotten_has_ended() -> None:
    assert slurm_words.forgotten(SAVED).sentence == "It was stopped by SIGTERM in cell 3 of 5; it can go on."
    killed = slurm_words.forgotten(RUNNING)
    assert (killed.phase, killed.status) == (ERROR, 137)
    assert killed.sentence == "Its process ended without a word in cell 3 of 5, and Slurm no longer knows its job 12."


def test_a_slurm_that_does_not_answer_is_no_end() -> None:
    assert slurm_words.silent(State(PENDING, 1.0), "it is down").phase == UNKNOWN


def test_what_squeue_lists_is_read_whatever_else_it_prints() -> None:
    text = (
        "12|RUNNING|None\n13|PENDING|Nodes required for job are DOWN | DRAINED\n\nwarning\n14_[1-3]|PENDING|Resources\n"
    )
    assert slurm_words.listed(text) == {
        "12": Told("RUNNING"),
        "13": Told("PENDING", "Nodes required for job are DOWN | DRAINED"),
        "14_[1-3]": Told("PENDING", "Resources"),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", None),
        ("CANCELLED by 1000|None\n", Told("CANCELLED")),
        ("TIMEOUT|TimeLimit\n", Told("TIMEOUT", "TimeLimit")),
        ("COMPLETED|\n", Told("COMPLETED")),
    ],
)
def test_what_slurm_s_accounting_says_is_read(text: str, told: Told | None) -> None:
    assert slurm_words.accounted(text) == told


@pytest.mark.parametrize("output", ["12\n", "12;far\n"])
def test_the_id_of_a_new_job_is_read_also_of_another_cluster(output: str) -> None:
    assert slurm_words.submitted(output) == "12"


def test_the_user_s_options_win_over_ours_but_for_the_log() -> None:
    words = slurm_words.submission(
        "/usr/bin/sbatch", "a-1", "/j/log", ["--signal=B:USR1@300", "-c", "16"], "/j/slurm.sh"
    )
    assert words.index("--signal=B:USR1@300") > words.index("--signal=B:USR1@120")
    assert words[-4:] == ("--parsable", "--output=/j/log", "--open-mode=append", "/j/slurm.sh")


@pytest.mark.parametrize(
    "options", [["--array=1-4"], ["--wrap", "x"], ["--mem=1G", "-o", "x"], ["--wait"], ["other.sh"], ["-W"]]
)
def test_options_by_which_there_would_be_no_job_are_refused(options: List[str]) -> None:
    with pytest.raises(InvalidSetting, match=r"left out|notebook stands before"):
        slurm_words.check(options)


def test_the_script_is_run_as_it_is_meant_whatever_the_names(tmp_path: Path) -> None:
    told = tmp_path / "it's told"
    program = tmp_path / "my program.sh"
    program.write_text('#!/bin/sh\nprintf "%s|" "$PYTHONPATH" "$@" > "$1"\n')
    program.chmod(0o755)
    script = tmp_path / "slurm.sh"
    script.write_text(slurm_words.script([str(program), str(told), "a $b `c`"], "/my own/packages"))
    subprocess.run(["/bin/sh", script], check=True)
    assert told.read_text() == f"/my own/packages|{told}|a $b `c`|"


def test_a_command_s_complaint_is_one_line() -> None:
    said = "sbatch: unrecognized option '--nonsense'\nTry \"sbatch --help\" for more information\n"
    assert slurm_words.complaint(said) == "sbatch: unrecognized option '--nonsense'"
