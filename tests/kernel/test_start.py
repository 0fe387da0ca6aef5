"""A kernel on a machine that lacks something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Dict

import casa_kernel.errors

import casa_desktop.errors

from ..support.notebook import Notebook


def test_a_kernel_without_measures_data_says_so_in_the_first_cell_and_lives(
    tmp_path: Path, environment: Dict[str, str]
) -> None:
    site = tmp_path / "casasiteconfig.py"
    site.write_text("measurespath = '/nowhere'\nmeasures_auto_update = data_auto_update = False\n")
    with Notebook(tmp_path, {**environment, "CASASITECONFIG": str(site)}) as kernel:
        first, second, wrong = (kernel.run(code) for code in ("print(1)", "print(2)", "1 / 0"))
    assert "install them with 'pip install casadata'" in first.text
    assert second.text == "2\n"
    assert wrong.error is not None
    assert wrong.error["ename"] == "ZeroDivisionError"


def test_the_first_thing_asked_of_a_kernel_finds_casa_there(observation: Path, environment: Dict[str, str]) -> None:
    # A kernel of its own each, which is asked before it has finished its start.
    for ask, answer in (
        (lambda kernel: kernel.client.complete("tcle", reply=True, timeout=60)["content"]["matches"], "tclean"),
        (lambda kernel: kernel.client.inspect("tclean", reply=True, timeout=60)["content"]["data"], "text/plain"),
        (lambda kernel: kernel.run("print('listobs' in globals(), ia)").text, "True <casatools"),
    ):
        with Notebook(observation, environment) as kernel:
            assert answer in ask(kernel)


def test_a_user_s_own_figure_is_drawn_into_the_cell_as_ever(notebook: Notebook) -> None:
    cell = notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.get_backend()")
    assert any("image/png" in data for data in cell.displayed)


def test_without_casa_it_is_said_what_to_install(environment: Dict[str, str]) -> None:
    # -S: a Python without its site-packages has no CASA.
    roots = [str(Path(module.__file__).parents[1]) for module in (casa_desktop.errors, casa_kernel.errors)]
    script = (
        f"import sys; sys.path[:0] = {roots!r}\n"
        "from pathlib import Path; from casa_kernel import errors; from casa_kernel.casa import imports as casa\n"
        "try:\n    casa.load_tools(Path('python'))\nexcept errors.CasaMissing as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert "pip install casatools casatasks casadata six" in done.stdout
