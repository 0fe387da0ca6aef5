"""Real runs with real kernels, by the command line; each starts a kernel of its own, so that there are few of them."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import nbformat
import pytest
from nbformat import v4

from casa_desktop.system.descriptors import readable

from ...support.living import below, line_of, started
from ...support.processes import ended
from ...support.shortage import small_disk

RUN = [sys.executable, "-m", "casa_desktop", "run"]
# A cell that tells that it runs, and runs until it is interrupted.
ENDLESS = (
    "import os, threading\n"
    "print('before', flush=True)\n"
    "os.write(os.open('begun', os.O_WRONLY), b'x')\n"
    "threading.Event().wait()"
)

# A task that writes to CASA's log, and a picture.
SHOWN = """\
from casatools import image
from casatasks import imhead
from matplotlib import pyplot
image().fromshape('a.im', [16, 16])
_ = imhead('a.im', mode='summary')
pyplot.plot([1, 2])
pyplot.show()"""


def _notebook(path: Path, *cells: str, tags: Sequence[str] = ()) -> Path:
    """Write a notebook whose first cell has these tags."""
    made = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
    made.cells[0].metadata["tags"] = list(tags)
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(nbformat.writes(made))
    return path


def _run(environment: Dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@contextmanager
def _running(environment: Dict[str, str], folder: Path, *words: str) -> Iterator[subprocess.Popen[Any]]:
    """A run whose cell ``ENDLESS`` has begun."""
    os.mkfifo(folder / "begun")
    begun = os.open(folder / "begun", os.O_RDONLY | os.O_NONBLOCK)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started([*RUN, *words], cwd=folder, env=environment, text=True, **pipes) as run:
        try:
            assert readable([begun], 200)
            yield run
        finally:
            os.close(begun)


def _output(path: Path) -> Any:
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    return found


def _texts(cell: Any) -> List[str]:
    return [each.get("text") or each.get("data", {}).get("text/plain") or each.get("ename") for each in cell.outputs]


def _status(notebook: Any) -> str:
    return str(notebook.metadata["casa_desktop"]["run"]["status"])


def test_a_run_sets_parameters_and_writes_what_the_cells_show(environment: Dict[str, str], place: Path) -> None:
    pipelines, folder = place / "my pipelines (1)", place / "Ümläut's data"
    folder.mkdir()
    notebook = _notebook(
        pipelines / "reduce it.ipynb",
        "vis, robust = 'a.ms', 2\nspw = '0'",
        "import os\nfrom casatasks import *\nfrom mine import double",
        "for each in (vis, spw): print(each)\ndouble(robust), os.getcwd()",
        "input('Go on?')",
        tags=["parameters"],
    )
    notebook.write_text(notebook.read_text().replace("vis, robust = 'a.ms', 2", "vis = 'a.ms'\\nrobust = 2"))
    (pipelines / "mine.py").write_text("def double(x): return 2 * x")
    words = [str(notebook), "-p", "vis=my.ms", "-p", "robust=0.5", "-p", "spw=1", "--allow-errors"]
    run = _run(environment, folder, *words)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[0].endswith(f"writes {folder}/reduce it.out.ipynb.")
    assert "Cell 4 of 5: for each in (vis, spw): print(each)" in run.stdout
    found = _output(folder / "reduce it.out.ipynb")
    assert found.cells[1].source == "# Parameters\nvis = 'my.ms'\nrobust = 0.5\nspw = '1'"
    assert _texts(found.cells[3]) == ["my.ms\n1\n", f"(1.0, {str(folder)!r})"]
    # Nobody is there to answer.
    assert _texts(found.cells[4]) == ["StdinNotImplementedError"]
    assert (_status(found), found.metadata.kernelspec.name) == ("done", "casa")
    # It may be written again, and is not what the notebook's author has written.
    assert not [cell.outputs for cell in nbformat.read(notebook, as_version=4).cells if cell.outputs]
    assert [each.name for each in folder.iterdir() if each.suffix != ".log"] == ["reduce it.out.ipynb"]


def test_nothing_that_a_cell_shows_is_lost_and_exit_ends_the_run(environment: Dict[str, str], tmp_path: Path) -> None:
    _notebook(
        tmp_path / "a.ipynb",
        "from IPython.display import display\nfor number in range(4000): display(number)",
        "for number in range(1000): print(f'\\r{number} of 1000', end='')\nprint('\\n' + 'x' * 1_000_000)",
        "%casa_mode live",
        SHOWN,
        "exit()",
        "1",
    )
    run = _run(environment, tmp_path, "a.ipynb")
    assert run.returncode == 0
    assert run.stderr == "Cell 5 of 6 has called exit(), so what is behind it was not run.\n"
    found = _output(tmp_path / "a.out.ipynb")
    assert _texts(found.cells[0]) == [str(number) for number in range(4000)]
    assert _texts(found.cells[1]) == [f"999 of 1000\n{'x' * 1_000_000}\n"]
    # No window would be seen.
    assert _texts(found.cells[2]) == ["headless (nobody attends this run, so all tasks draw into the cell)\n"]
    shown = [each.data for each in found.cells[3].outputs if each.output_type == "display_data"]
    assert "imhead" in shown[0]["text/html"]
    assert base64.b64decode(shown[-1]["image/png"]).startswith(b"\x89PNG")
    assert found.cells[5].execution_count is None


def test_a_run_ends_with_the_first_cell_that_fails(environment: Dict[str, str], tmp_path: Path) -> None:
    _notebook(tmp_path / "a.ipynb", "1 / 0", "1 + 1", tags=["raises-exception"])
    made = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    made.cells.insert(1, v4.new_code_cell("def f(): raise ValueError('no such antenna\\nDA99')\nf()"))
    made.cells[2].outputs = [v4.new_output("stream", text="old")]
    nbformat.write(made, tmp_path / "a.ipynb")
    run = _run(environment, tmp_path, "a.ipynb")
    assert run.returncode == 1
    assert run.stderr.startswith("Cell 2 of 3 failed: ValueError: no such antenna\n")
    assert "raise ValueError(" in run.stderr
    assert "\x1b" not in run.stderr
    found = _output(tmp_path / "a.out.ipynb")
    assert [_texts(cell) for cell in found.cells] == [["ZeroDivisionError"], ["ValueError"], []]
    assert _status(found) == "failed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
def test_a_signal_interrupts_the_cell_and_all_is_saved(
    number: signal.Signals, environment: Dict[str, str], tmp_path: Path
) -> None:
    _notebook(tmp_path / "a.ipynb", "print(1)", ENDLESS, "print(3)")
    with _running(environment, tmp_path, "a.ipynb") as run:
        assert _status(_output(tmp_path / "a.out.ipynb")) == "running"
        kernels = below(run.pid)
        run.send_signal(number)
        _, said = run.communicate(timeout=100)
    assert (run.returncode, said.count("\n")) == (75, 1)
    assert said.startswith(f"Stopping ({number.name}): ")
    found = _output(tmp_path / "a.out.ipynb")
    assert [_texts(cell) for cell in found.cells] == [["1\n"], ["before\n", "KeyboardInterrupt"], []]
    assert _status(found) == "stopped"
    assert ended(kernels, 60)


def test_a_second_signal_ends_a_cell_that_takes_no_interrupt(environment: Dict[str, str], tmp_path: Path) -> None:
    _notebook(tmp_path / "a.ipynb", f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{ENDLESS}")
    with _running(environment, tmp_path, "a.ipynb") as run:
        kernels = below(run.pid)
        assert run.stderr is not None
        run.send_signal(signal.SIGTERM)
        assert run.stderr.readline().startswith("Stopping (SIGTERM): ")
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=100)
    assert run.returncode == 75
    # What is on its way from a kernel that is killed may be lost.
    assert _texts(_output(tmp_path / "a.out.ipynb").cells[0]) in ([], ["before\n"])
    assert ended(kernels, 60)


def test_a_kernel_that_is_killed_is_said_to_be_lost(environment: Dict[str, str], tmp_path: Path) -> None:
    _notebook(tmp_path / "a.ipynb", "print(1)", ENDLESS)
    with _running(environment, tmp_path, "a.ipynb") as run:
        kernels = below(run.pid)
        [kernel] = [each for each in below(run.pid, recursive=False) if "casa_kernel" in line_of(each)]
        kernel.kill()
        _, said = run.communicate(timeout=100)
    assert run.returncode == 137
    assert said.startswith("casa-desktop: The kernel 'casa' failed: it was ")
    assert "(in cell 2)" in said
    found = _output(tmp_path / "a.out.ipynb")
    assert _texts(found.cells[0]) == ["1\n"]
    assert _texts(found.cells[1]) in ([], ["before\n"])
    assert _status(found) == "lost"
    assert ended(kernels, 60)


def test_on_a_disk_that_is_full_the_run_goes_on_and_its_output_is_saved_elsewhere(
    environment: Dict[str, str], tmp_path: Path
) -> None:
    _notebook(tmp_path / "a.ipynb", "print('x' * 3_000_000)", "print(2)")
    with small_disk(tmp_path / "small", 1) as disk:
        run = _run(environment, tmp_path, "a.ipynb", "-o", str(disk.path / "a.ipynb"))
    assert run.returncode == 1
    first, last = (line for line in run.stderr.splitlines() if "The output" in line)
    assert first.startswith("casa-desktop: The output is not saved for now: ")
    assert first.endswith(" The run goes on.")
    head, end = "casa-desktop: The output was saved as ", " instead."
    assert (last[: len(head)], last[-len(end) :]) == (head, end)
    elsewhere = Path(last[len(head) : -len(end)])
    assert elsewhere.is_relative_to(environment["TMPDIR"])
    found = _output(elsewhere)
    assert [len(_texts(found.cells[0])[0]), *_texts(found.cells[1])] == [3_000_001, "2\n"]
    # All its cells ran.
    assert _status(found) == "done"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["b.ipynb"], "The notebook FOLDER/b.ipynb cannot be read: No such file or directory."),
        (["a.ipynb", "-p", "x"], "The parameter behind -p is 'x', but should be name=value"),
        (
            ["a.ipynb", "-p", "viz=1"],
            "The notebook FOLDER/a.ipynb has no parameter 'viz'; it has: vis. Did you mean 'vis'?",
        ),
        (["a.ipynb", "-k", "casa-1.0"], "There is no kernel 'casa-1.0'; there are: casa"),
        (["a.ipynb", "-o", "a.ipynb"], "The output FOLDER/a.ipynb is not written: it is the notebook itself"),
        (["a.ipynb", "-o", "other.ipynb"], "The output FOLDER/other.ipynb is not written: it exists, and no run has"),
        (["a.ipynb", "-o", "no/a.ipynb"], "The output FOLDER/no/a.ipynb is not written: its folder does not exist"),
        (["a.ipynb", "-o", "a.html"], "The output FOLDER/a.html is not written: its name should end in .ipynb."),
        (["a.ipynb", "--folder", "no"], "The working folder is 'FOLDER/no', but should be a folder that exists."),
        (
            ["foreign.ipynb"],
            "The notebook FOLDER/foreign.ipynb was made with the kernel 'casa-9.9', which is not here.",
        ),
        (["r.ipynb"], "The notebook FOLDER/r.ipynb was made with the kernel 'ir', which is not here."),
    ],
)
def test_what_is_impossible_is_said_before_anything_starts(
    words: List[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from casa_desktop.__main__ import main

    monkeypatch.chdir(tmp_path)
    _notebook(tmp_path / "a.ipynb", "vis = 1", tags=["parameters"])
    for name, kernel in (("other", {}), ("foreign", {"name": "casa-9.9"}), ("r", {"name": "ir", "language": "R"})):
        made = {
            "cells": [],
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"display_name": "", **kernel}},
        }
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(made))
    before = sorted(tmp_path.iterdir())
    assert main(["run", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"casa-desktop: {sentence.replace('FOLDER', str(tmp_path))}")
    assert said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_kernel_that_does_not_start_is_lost_in_a_sentence(environment: Dict[str, str], tmp_path: Path) -> None:
    _notebook(tmp_path / "a.ipynb", "1")
    spec = tmp_path / "jupyter" / "kernels" / "broken" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-c", "raise SystemExit('there is no licence')", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Broken", "language": "python"}))
    run = _run({**environment, "JUPYTER_PATH": str(tmp_path / "jupyter")}, tmp_path, "a.ipynb", "-k", "broken")
    assert run.returncode == 137
    assert run.stderr == "casa-desktop: The kernel 'broken' failed: it ended; its last words: there is no licence.\n"
    assert _status(_output(tmp_path / "a.out.ipynb")) == "lost"
