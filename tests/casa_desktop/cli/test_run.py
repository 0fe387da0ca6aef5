from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from casa_desktop.__main__ import main


def _completed(line: str, folder: Path) -> list[str]:
    """Return what a shell is offered at the end of a line, by argcomplete's protocol."""
    reader, writer = os.pipe()
    # argcomplete answers on descriptor 8.
    run = subprocess.Popen(
        ["bash", "-c", f'exec 8>&{writer}; exec "$@"', "bash", sys.executable, "-m", "casa_desktop"],
        cwd=folder,
        env={
            **os.environ,
            "_ARGCOMPLETE": "1",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
            "_ARGCOMPLETE_IFS": "\n",
        },
        pass_fds=[writer],
    )
    os.close(writer)
    with open(reader, encoding="utf-8") as answer:
        found = answer.read()
    run.wait()
    return sorted(each.strip() for each in found.splitlines())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("casa-desktop run ", ["a.ipynb", "b.py"]),
        ("casa-desktop run b.py -p ", ["robust=", "vis="]),
        ("casa-desktop run b.py -p ro", ["robust="]),
        ("casa-desktop run a.ipynb -p ", []),
    ],
)
def test_a_shell_completes_notebooks_and_parameters(line: str, offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "b.py").write_text('# %% tags=["parameters"]\nvis = 1\nrobust = 2\n')
    (tmp_path / "c.txt").touch()
    assert [each for each in _completed(line, tmp_path) if not each.startswith("-")] == offered


def test_the_help_has_examples_and_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert "\n  casa-desktop run reduce.ipynb -p vis=my.ms -p robust=0.5 -o my.ipynb\n" in text
    assert "'# %%' begins a cell" in text
    assert "75 stopped by a signal and saved" in text
