"""What is measured: a kernel that dies is noticed by its process, and desktops end with the run, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import psutil
import pytest

from ..support.processes import ended
from .stage import STOCK, Kernel, Stage

ROOT = Path(__file__).resolve().parents[2]
# A benchmark that starts a desktop, prints its X server's pid, and then waits for input.
ENDLESS = """
import sys
from tests.benchmarks import __main__ as program

def run(name, found, stage, *_):
    print(stage.desktop("main").x_server_pid, flush=True)
    yield sys.stdin.read()

program.sides.absent = list
program.harness.run = run
program.main(["desktop_idle"])
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(sys.executable, STOCK, tmp_path, {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}) as running:
        yield running


@pytest.mark.parametrize(("end", "how"), [("os._exit(3)", "with the status 3"), ("os.abort()", "by SIGABRT")])
def test_a_kernel_that_dies_is_a_sentence_at_once(kernel: Kernel, end: str, how: str) -> None:
    assert kernel.text("print(6 * 7)") == "42\n"
    cell = f"import os; {end}"
    with pytest.raises(RuntimeError, match=f"the kernel ended {how} while it ran .*{end[:6]}"):
        kernel.run(cell, timeout=10_000)


def test_a_cell_that_fails_is_told_with_what_it_printed(kernel: Kernel) -> None:
    with pytest.raises(RuntimeError, match=r"failed: no\n(.|\n)*before"):
        kernel.run("print('before'); raise ValueError('no')")
    with pytest.raises(TimeoutError, match="has not ended in time"):
        kernel.run("import threading; threading.Event().wait()", timeout=0)


def test_desktops_end_also_where_something_fails_to_end_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("the browser is gone")

    stage = Stage().__enter__()
    server = psutil.Process(stage.desktop("main").x_server_pid)
    monkeypatch.setattr(stage, "clear", fail)
    with pytest.raises(RuntimeError, match="the browser is gone"):
        stage.__exit__()
    assert ended([server])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_desktops_end_with_a_run_that_is_interrupted(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS], cwd=ROOT, stdin=-1, stdout=-1, stderr=-1, text=True) as run:
        assert run.stdout is not None
        server = psutil.Process(int(run.stdout.readline()))
        run.send_signal(number)
        _, said = run.communicate()
    assert run.returncode in (-signal.SIGINT, 128 + number), said
    assert ended([server])
