"""A kernel while CASA is still being imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Tuple

import psutil
import pytest

from ...support.notebook import Notebook

# Stands before CASA's own package and lets it be imported when somebody has written into the FIFO.
GATE = """
import os, sys
open(os.environ["GATE"]).read()
sys.path.remove(os.path.dirname(__file__))
del sys.modules["casatasks"]
import casatasks
"""

# Stands there as well, and notes what was there before CASA's own package.
NOTE = """
import os, sys
from ipykernel.kernelapp import IPKernelApp
kernel = IPKernelApp.instance().kernel
sys.before = kernel is not None and kernel.shell is not None, "debugpy" in sys.modules, list(sys.path)
sys.path.remove(os.path.dirname(__file__))
del sys.modules["casatasks"]
import casatasks
"""


def preceded(environment: Dict[str, str], folder: Path, modules: Dict[str, str]) -> Dict[str, str]:
    """Return the environment with modules, by their files' names, that Python finds before those of the same names."""
    for name, text in modules.items():
        path = folder / "before" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = [str(folder / "before"), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture
def gate(tmp_path: Path, environment: Dict[str, str]) -> Tuple[Path, Dict[str, str]]:
    """A FIFO, and the environment of a kernel that imports CASA's tasks once it was written to."""
    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    return fifo, {**preceded(environment, tmp_path, {"casatasks.py": GATE}), "GATE": str(fifo)}


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


def test_nothing_else_is_imported_while_casa_s_tasks_are(tmp_path: Path, environment: Dict[str, str]) -> None:
    with Notebook(tmp_path, preceded(environment, tmp_path, {"casatasks.py": NOTE})) as kernel:
        cell = kernel.run("import sys\nprint(*sys.before[:2], [each for each in sys.before[2] if 'debugpy' in each])")
    assert cell.text == "True True []\n"


def test_a_broken_wheel_of_one_tool_takes_away_nothing_else(tmp_path: Path, environment: Dict[str, str]) -> None:
    broken = {
        "casaviewer/__init__.py": "import a_module_of_nobody_s",
        "casalogger/__init__.py": "raise TypeError('descriptors')",
    }
    with Notebook(tmp_path, preceded(environment, tmp_path, broken)) as kernel:
        cell = kernel.run("imview('x.image')")
        assert cell.error is not None
        assert cell.error["ename"] == "ToolUnusable"
        assert cell.error["evalue"] == (
            "casaviewer is not available in this kernel: it needs the module 'a_module_of_nobody_s'; "
            "install it with 'pip install a_module_of_nobody_s' and restart the kernel."
        )
        assert kernel.run("print(plotms.__name__, casalogger.__name__)").text == "plotms casalogger\n"


def test_whatever_breaks_while_casa_is_imported_is_told_and_nobody_waits(
    tmp_path: Path, environment: Dict[str, str]
) -> None:
    # A casatasks of which nothing is left but its name.
    with Notebook(tmp_path, preceded(environment, tmp_path, {"casatasks.py": ""})) as kernel:
        cell = kernel.run("print(6 * 7)")
    assert (
        "CASA is not available in this kernel: importing it failed with AttributeError: module 'casatasks'" in cell.text
    )
    assert "42" in cell.text
