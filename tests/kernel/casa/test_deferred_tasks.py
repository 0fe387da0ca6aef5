"""The code of tasks, which is imported when it is first used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from ...support.notebook import Notebook

# A package of the shape of casatasks, with one task.
PACKAGE = {
    "__init__.py": "from .star import star\n",
    "star.py": "from .private.task_star import star as _star_t\n\ndef star(*args):\n    return _star_t(*args)\n",
    "private/__init__.py": "",
}
TASK = """
import helper
executed = globals().get("executed", 0) + 1
helper.times += 1
def star(magnitude):
    return magnitude - 5
"""
BEGIN = """
import importlib, inspect, os, signal, sys, threading, types
from casa_kernel.casa import deferred_tasks
deferred_tasks.watch()
import casatasks, helper
name = "casatasks.private.task_star"
assert helper.times == 0
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Run code in a Python that has imported the package, and return what it prints."""
    for name, text in PACKAGE.items():
        path = tmp_path / "casatasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "helper.py").write_text("times = 0\n")

    def call(code: str, task: str = TASK) -> str:
        (tmp_path / "casatasks" / "private" / "task_star.py").write_text(task)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        command = [sys.executable, "-B", "-c", BEGIN + code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return call


def test_the_code_is_executed_once_at_the_first_call(run: Callable[..., str]) -> None:
    assert run("print(casatasks.star(1), casatasks.star(2), helper.times, sys.modules[name].executed)") == "-4 -3 1 1"


@pytest.mark.parametrize(
    "use",
    [
        "module.executed",
        "module.star",
        "dir(module)",
        "module.added = 1",
        "from casatasks.private.task_star import executed",
        "from casatasks.private import task_star; task_star.star",
        "inspect.getsource(inspect.unwrap(casatasks.star.__globals__['_star_t']))",
    ],
)
def test_any_use_of_its_names_executes_it_and_it_stays_the_same_module(run: Callable[..., str], use: str) -> None:
    code = (
        f"module = sys.modules[name]\n{use}\n"
        "print(helper.times, module is sys.modules[name] is casatasks.private.task_star, "
        "type(module) is types.ModuleType, module.star(1), module.star.__module__)"
    )
    assert run(code) == "1 True True -4 casatasks.private.task_star"


def test_what_is_known_of_every_module_executes_nothing(run: Callable[..., str]) -> None:
    code = (
        "module = sys.modules[name]\n"
        "print(os.path.basename(module.__file__), module.__spec__.name, module.__package__, "
        "hasattr(module, '__path__'), hasattr(module, '__wrapped__'), inspect.getmodule(run := lambda: 0) is not None, "
        "helper.times)"
    )
    assert run(code) == "task_star.py casatasks.private.task_star casatasks.private False False True 0"


def test_a_value_that_is_set_before_the_first_call_counts(run: Callable[..., str]) -> None:
    code = "sys.modules[name].scale = 3\nprint(casatasks.star(2), helper.times)"
    assert run(code, TASK.replace("return magnitude - 5", "return magnitude * scale") + "scale = 1\n") == "6 1"


def test_two_threads_execute_it_once_and_both_get_its_result(run: Callable[..., str]) -> None:
    code = (
        "helper.begun, helper.go = threading.Event(), threading.Event()\n"
        "results = []\n"
        "threads = [threading.Thread(target=lambda: results.append(casatasks.star(1))) for _ in range(2)]\n"
        "threads[0].start()\nhelper.begun.wait()\nthreads[1].start()\n"
        "helper.go.set()\n[each.join() for each in threads]\nprint(results, helper.times)"
    )
    assert run(code, TASK.replace("def star", "helper.begun.set()\nhelper.go.wait()\ndef star")) == "[-4, -4] 1"


def test_code_that_cannot_be_imported_is_told_of_and_tried_again(run: Callable[..., str]) -> None:
    code = (
        "for _ in range(2):\n"
        "    try: casatasks.star(1)\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
        "sys.modules['unheard_of'] = types.ModuleType('unheard_of')\n"
        "print(casatasks.star(1))"
    )
    told = (
        "ToolUnusable star is not available in this kernel: it needs the module 'unheard_of'; install it with "
        "'pip install unheard_of' and restart the kernel."
    )
    assert run(code, "import unheard_of\n" + TASK) == f"{told}\n{told}\n-4"


def test_a_shortage_is_told_as_it_is(run: Callable[..., str]) -> None:
    code = "try: casatasks.star(1)\nexcept OSError as error: print(type(error).__name__, error.errno)"
    assert run(code, "raise OSError(24, 'Too many open files')\n") == "OSError 24"


def test_an_interrupt_waits_until_the_code_is_there(run: Callable[..., str]) -> None:
    code = (
        "try: casatasks.star(1)\nexcept KeyboardInterrupt: print('interrupted', helper.whole)\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, casatasks.star(1))"
    )
    task = "import helper, os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + TASK + "helper.whole = True\n"
    assert run(code, task) == "interrupted True\nTrue -4"


def test_system_calls_are_restarted_after_an_interrupt_if_they_were_before(run: Callable[..., str]) -> None:
    code = (
        "import ctypes\n"
        "def action():\n"
        "    found = ctypes.create_string_buffer(1024)\n"
        "    ctypes.CDLL(None).sigaction(signal.SIGINT, None, found)\n"
        "    return found.raw[136:140]  # sa_flags, of x86-64\n"
        "usual = action()\nsignal.siginterrupt(signal.SIGINT, False)\nbefore = action()\ncasatasks.star(1)\n"
        "print(action() == before != usual)"
    )
    assert run(code) == "True"


def test_its_libraries_are_not_those_of_the_working_folder(run: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for each in ("scipy", "graphlib"):
        (folder / f"{each}.py").write_text("raise SystemExit('the user file')\n")
    code = (
        f"os.chdir({str(folder)!r})\nsys.path.insert(0, '')\nimport scipy\nprint(casatasks.star(1), sys.path[0] == '')"
    )
    assert run(code, "import graphlib, scipy\n" + TASK) == "-4 True"


def test_it_is_executed_outside_of_a_working_folder_that_was_removed(run: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    code = (
        f"os.mkdir({str(folder)!r})\nos.chdir({str(folder)!r})\nos.rmdir({str(folder)!r})\n"
        "print(casatasks.star(1), helper.folder, os.readlink('/proc/self/cwd'))"
    )
    assert run(code, TASK + "import os\nhelper.folder = os.getcwd()\n") == f"-4 / {folder} (deleted)"


def test_a_reloaded_module_is_executed_again(run: Callable[..., str]) -> None:
    code = "module = sys.modules[name]\ncasatasks.star(1)\nprint(importlib.reload(module) is module, helper.times)"
    assert run(code) == "True 2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def fresh(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    with Notebook(folder, {**kernel_environment, "MPLBACKEND": "TkAgg"}) as kernel:
        yield kernel


def test_a_kernel_starts_without_scipy_and_matplotlib(fresh: Notebook) -> None:
    cell = fresh.run("import sys\nprint(clearstat(), {'scipy', 'matplotlib'} & sys.modules.keys())")
    assert (cell.error, cell.text) == (None, "None set()\n")


def test_figures_appear_in_the_cell_whenever_matplotlib_is_imported(fresh: Notebook) -> None:
    cell = fresh.run("from matplotlib import pyplot as plt\nplt.plot([1, 2])\nprint(plt.get_backend())")
    assert "inline" in cell.text
    assert any("image/png" in data for data in cell.displayed)
    # Programs that the notebook starts have the user's own value.
    assert fresh.run("import os\nprint(os.environ['MPLBACKEND'])").text == "TkAgg\n"


def test_a_task_with_libraries_of_its_own_works(fresh: Notebook) -> None:
    cell = fresh.run("simobserve(project='sky', skymodel='nothing.fits', setpointings=False)")
    assert cell.error is not None
    assert "antenna list" in cell.error["evalue"]
    assert fresh.run("print('scipy.signal' in sys.modules)").text == "True\n"
