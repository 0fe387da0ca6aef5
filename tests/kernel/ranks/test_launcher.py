"""What the launcher of a kernel over MPI says when the ranks cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Sequence

import pytest
from tornado.web import HTTPError

from casa_desktop import names
from casa_desktop.system.pythonpath import module

from ...support.programs import write_program
from ...support.ranks import WITH_MPI, started

pytestmark = WITH_MPI


def stand_in(folder: Path, script: str) -> str:
    """Make an mpirun of a few lines; return the PATH on which it is alone."""
    folder.mkdir()
    write_program(folder / "mpirun", script)
    return str(folder)


@pytest.mark.parametrize(
    ("words", "script", "said"),
    [
        (["--ranks", "1"], "", "--ranks is 1, but should be "),
        (["--ranks", "1000"], "", "--ranks is 1000, but should be "),
        (["--ranks", "3", "--oversubscribe", "--hosts", "/gone"], "", "The hosts file /gone cannot be used"),
        (["--ranks", "3", "--oversubscribe"], None, "No mpirun of Open MPI was found"),
        (
            ["--ranks", "3", "--oversubscribe"],
            "echo no slots are left >&2; exit 1",
            "The 3 ranks of this kernel did not start: 2 of 2 servers did not begin, and the last that was said is: "
            "no slots are left.",
        ),
    ],
)
def test_the_process_that_waits_for_the_kernel_is_told_in_one_line_why_it_does_not_start(
    words: Sequence[str], script: str | None, said: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    path = str(tmp_path) if script is None else stand_in(tmp_path / "bin", script)
    reader, writer = os.pipe()
    done = subprocess.run(
        [sys.executable, *module(names.RANKS_LAUNCHER), *words, "-f", str(tmp_path / "connection.json")],
        env={**environment, "PATH": path, names.READY_FD: str(writer)},
        pass_fds=[writer],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    assert done.returncode == 1
    assert told.startswith(said)
    assert told.count("\n") == 1
    assert f"casa-desktop: {told}" in done.stderr


def test_jupyter_shows_why_the_ranks_did_not_start(environment: Dict[str, str], tmp_path: Path) -> None:
    path = stand_in(tmp_path / "bin", "echo no slots are left >&2; exit 1")
    with pytest.raises(HTTPError, match="the last that was said is: no slots are left"):
        started(tmp_path, {**environment, "PATH": path})


def test_a_casa_that_cannot_be_imported_is_told_instead_of_waited_for(
    environment: Dict[str, str], tmp_path: Path
) -> None:
    site = tmp_path / "site.py"
    site.write_text("measurespath = '/gone'\n")
    with pytest.raises(HTTPError, match="did not start: CASA is not available in this kernel: "):
        started(tmp_path, {**environment, "CASASITECONFIG": str(site)})
