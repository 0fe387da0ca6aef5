"""A kernel while CASA is still being imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Tuple

import psutil
import pytest

from .notebook import Notebook

# Stands before CASA's own package and lets it be imported when somebody has written into the FIFO.
GATE = """
import os, sys
open(os.environ["GATE"]).read()
sys.path.remove(os.path.dirname(__file__))
del sys.modules["casatasks"]
import casatasks
"""


@pytest.fixture
def gate(tmp_path: Path, environment: Dict[str, str]) -> Tuple[Path, Dict[str, str]]:
    """A FIFO, and the environment of a kernel that imports CASA's tasks once it was written to."""
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "casatasks.py").write_text(GATE)
    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    path = os.pathsep.join([str(tmp_path / "before"), environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return fifo, {**environment, "PYTHONPATH": path, "GATE": str(fifo)}


def test_the_first_cell_finds_python_s_garbage_collector_at_work(notebook: Notebook) -> None:
    assert notebook.run("import gc\nprint(gc.isenabled())").text == "True\n"


def test_a_kernel_that_is_shut_down_before_casa_is_there_ends(
    gate: Tuple[Path, Dict[str, str]], tmp_path: Path
) -> None:
    fifo, environment = gate
    with Notebook(tmp_path, environment) as kernel:
        process = psutil.Process(kernel.pid)
        kernel.client.shutdown()
        fifo.write_text("go on")
        assert psutil.wait_procs([process], timeout=30)[1] == []
