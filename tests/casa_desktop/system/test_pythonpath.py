"""A kernel in a Python that finds casa-desktop by PYTHONPATH, and what others see of that."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from casa_desktop.desktop import lifecycle, registry
from casa_desktop.kernels import install, store
from casa_desktop.kernels.client import Running
from casa_desktop.kernels.store import Place
from casa_desktop.system import pythonpath

from ...support import other_pythons
from ...support.living import below, variables
from ...support.processes import name

SEEN = "import subprocess\nseen = subprocess.check_output('echo $PYTHONPATH', shell=True, text=True).strip()"


@pytest.fixture
def overlay(jupyter_data: Path, root: Path, tmp_path: Path) -> str:
    """The folder with what the Python of the kernel x lacks."""
    python = other_pythons.with_casa(tmp_path / "venv", but=other_pythons.OURS)
    install.install(install.Wish(Place(), python=str(python), name="x"), os.environ)
    return str(store.get("x").overlay)


@pytest.fixture
def kernel(overlay: str, tmp_path: Path) -> Iterator[Running]:
    with Running("x", tmp_path, 60) as running:
        yield running


def test_programs_started_in_a_notebook_see_nothing_of_the_folder_but_a_hook(kernel: Running, overlay: str) -> None:
    assert kernel.evaluate(SEEN, "seen") == f"{overlay}/casa_kernel/sitehooks"


def test_casa_in_a_process_that_it_starts_is_changed_though_the_folder_is_not_on_its_path(
    kernel: Running, overlay: str
) -> None:
    script = f"import sys, casaviewer; print(casaviewer.viewer.__module__, {overlay!r} in sys.path)"
    cell = f"import subprocess, sys\nsaid = subprocess.check_output([sys.executable, '-c', {script!r}], text=True)"
    assert kernel.evaluate(cell, "said.strip()") == "casa_kernel.drawing.viewer_task False"


def test_they_see_what_the_user_named_beside_it() -> None:
    environ = {"PYTHONPATH": os.pathsep.join([pythonpath._HERE, "/mine"])}
    pythonpath.hide(environ)
    assert environ == {"PYTHONPATH": "/mine"}


def test_a_desktop_that_it_starts_works_and_hides_the_folder_from_its_programs(kernel: Running, overlay: str) -> None:
    kernel.evaluate("from casa_desktop.desktop import lifecycle\nrecord = lifecycle.ensure()", "''")
    try:
        children = below(registry.running().supervisor_pid, recursive=False)
        (manager,) = (variables(each) for each in children if name(each) == "icewm")
        assert "PYTHONPATH" not in manager
        size = kernel.evaluate(
            "from casa_desktop.x11 import screenshots\npicture = screenshots.screenshot(record)", "len(picture)"
        )
        assert int(size) > 1000
        menu = Path(manager["ICEWM_PRIVCFG"], "menu").read_text()
        assert f"env PYTHONPATH={overlay}" in menu
        done = subprocess.run(
            ["xdg-open", "no address"],
            env=manager,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert "an address has no blanks" in done.stderr
    finally:
        lifecycle.stop()


def test_where_casa_desktop_is_installed_nothing_is_named() -> None:
    assert pythonpath.finding("/usr/bin/python3") == ("/usr/bin/python3",)
    assert pythonpath.seen({"HOME": "/home/casa"}) == {"HOME": "/home/casa"}


@pytest.mark.parametrize("python", other_pythons.of_kernels(), ids=lambda path: path.parents[1].name)
def test_no_file_in_the_working_folder_is_taken_for_a_module_of_python(python: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Müller's data"
    folder.mkdir()
    for each in ("random", "types", "enum", "tokenize", "runpy", "pkgutil", "functools", "__future__"):
        (folder / f"{each}.py").write_text("raise SystemExit('the wrong one')\n")
    library = tmp_path / "library"
    library.mkdir()
    (library / "asked.py").write_text(
        "from __future__ import annotations\nimport random, sys, tokenize\nprint(__name__, sys.argv[1:])\n"
    )
    said = subprocess.run(
        [str(python), *pythonpath.module("asked"), "-f", "a b"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(library)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert said == "__main__ ['-f', 'a b']\n"
