from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import List

import psutil
import pytest

from casa_desktop.containers.container import Container
from casa_desktop.errors import KernelFailed
from casa_desktop.kernels import install, other_python, spec, store
from casa_desktop.kernels.client import Running
from casa_desktop.kernels.store import Place

from ...support import other_pythons


def _rewrite(name: str, argv: List[str]) -> None:
    path = store.get(name).folder / "kernel.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "argv": argv}))


@pytest.fixture
def kernel(jupyter_data: Path, root: Path) -> str:
    """The name of a kernel whose kernelspec may be spoilt."""
    install.install(install.Wish(Place(), name="x"), os.environ)
    return "x"


def test_a_kernel_answers_and_evaluates(kernel: str, tmp_path: Path) -> None:
    with Running(kernel, tmp_path, 60) as running:
        running.wait_until_it_answers()
        assert running.evaluate("import os\nhere = os.getcwd()", "here") == str(tmp_path)


def test_a_script_in_a_python_s_place_sets_its_variables_for_the_kernel(
    jupyter_data: Path, root: Path, tmp_path: Path
) -> None:
    script = other_pythons.monolithic(tmp_path / "casa", other_pythons.with_casa(tmp_path / "venv"))
    wish = install.Wish(Place(), python=str(script), name="x", desktop="m31", options=("--nostartupfile",))
    install.install(wish, os.environ)
    with Running("x", tmp_path, 60) as running:
        names = "[os.environ[name] for name in ('MONOLITHIC', 'CASA_DESKTOP_NAME')]"
        assert (
            running.evaluate("import os, sys", f"str({names} + sys.argv[-1:])") == "['yes', 'm31', '--nostartupfile']"
        )


def test_a_kernel_that_dies_at_its_start_is_told_with_its_last_words(kernel: str, tmp_path: Path) -> None:
    _rewrite(kernel, [sys.executable, "-c", "import sys; print('licence?'); sys.exit('no licence')"])
    with pytest.raises(KernelFailed, match="it ended; its last words: no licence"), Running(
        kernel, tmp_path, 60
    ) as one:
        one.wait_until_it_answers()


def test_a_kernel_that_dies_at_work_is_told(kernel: str, tmp_path: Path) -> None:
    with pytest.raises(KernelFailed, match="it ended"), Running(kernel, tmp_path, 60) as running:
        running.evaluate("import os; os._exit(3)", "1")


def test_a_kernel_that_does_not_answer_in_time_is_told_and_ended(kernel: str, tmp_path: Path) -> None:
    _rewrite(kernel, [sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(1000)"])
    with Running(kernel, tmp_path, 0.5) as running:
        pid = running._manager.provisioner.pid  # type: ignore[union-attr]
        with pytest.raises(KernelFailed, match=r"within 0\.5 s; its last words: waiting") as failed:
            running.wait_until_it_answers()
    assert failed.value.remedy == "allow more with --timeout"
    assert not psutil.pid_exists(pid)


def test_a_cell_s_error_is_told(kernel: str, tmp_path: Path) -> None:
    with pytest.raises(KernelFailed, match="a cell ended with ZeroDivisionError: division by zero"), Running(
        kernel, tmp_path, 60
    ) as running:
        running.evaluate("1 / 0", "1")


def test_a_program_that_is_not_there_is_told(kernel: str, tmp_path: Path) -> None:
    _rewrite(kernel, ["/nowhere/python", "-m", "casa_kernel", "-f", "{connection_file}"])
    with pytest.raises(KernelFailed, match=r"could not be started: .*/nowhere/python"):
        Running(kernel, tmp_path, 60).__enter__()


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bwrap on PATH")
def test_a_container_that_does_not_start_is_told_in_the_launcher_s_words(kernel: str, tmp_path: Path) -> None:
    sandbox = Container("bwrap", options=("--no-such-option",), python=sys.executable)
    found = other_python.Python(sys.version_info[:3], {"casatasks": "6.7.0.31"}, True, True, True, "", ())
    store.install("x", spec.container_spec(sys.executable, sandbox, found), Place())
    with pytest.raises(KernelFailed) as failed:
        Running(kernel, tmp_path, 60).__enter__()
    assert failed.value.reason.startswith("it could not be started: The container of bwrap did not start: ")
    assert "--no-such-option" in failed.value.reason
