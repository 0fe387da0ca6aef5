"""A kernel in a folder whose files are called as modules that it needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Iterator

import pytest

from casa_desktop.system.pythonpath import module

from ...support.notebook import Notebook
from ..casa.test_kernelspec import SHIPPED

NAMES = (
    *("random", "types", "enum", "tokenize", "ast", "logging", "signal", "socket", "select", "profile", "secrets"),
    *("IPython", "ipykernel", "zmq", "traitlets", "tornado", "numpy", "scipy", "matplotlib", "six", "grpc"),
    *("casatools", "casatasks", "casaviewer", "casaplotms", "casaconfig", "casa_kernel", "casa_desktop"),
    *("site", "sitecustomize", "usercustomize"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, observation: Path) -> Path:
    """A folder with the observation, a file of each name, and a module of the user's own."""
    folder = tmp_path_factory.mktemp("data") / "Müller's 3C 273"
    folder.mkdir()
    for each in NAMES:
        (folder / f"{each}.py").write_text("raise SystemExit('the user file')\n")
    (folder / "reduction.py").write_text("import random\nfactor = 2\n")
    for each in ("sim.ms", "dirty.image"):
        (folder / each).symlink_to(observation / each)
    return folder


@pytest.fixture(scope="module")
def among_names(folder: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    with Notebook(folder, kernel_environment) as kernel:
        yield kernel


def test_casa_works_and_draws_there(among_names: Notebook) -> None:
    cell = among_names.run("print(listobs('sim.ms')['nfields'])\nviewer('dirty.image')\nplotms('sim.ms')")
    assert cell.error is None
    assert [list(data) for data in cell.displayed if "image/png" in data] != []
    assert cell.text.splitlines()[0] == "1"


def test_the_user_s_own_modules_are_imported_from_there_as_in_any_kernel(among_names: Notebook) -> None:
    cell = among_names.run("import random, types, reduction, numpy\nprint(reduction.factor, random.__file__ != '')")
    assert (cell.error, cell.text) == (None, "2 True\n")
    assert among_names.run("import sys\nprint(sys.path.count(''), sys.path[0] == '')").text == "1 False\n"


def test_a_kernelspec_of_a_former_version_starts_one_there_too(
    folder: Path, kernel_environment: Dict[str, str]
) -> None:
    # What ``python -m`` itself imports is out of our hands.
    for each in ("types", "enum", "casa_kernel", "casa_desktop"):
        (folder / f"{each}.py").unlink()
    with Notebook(folder, kernel_environment, program=("-m", "casa_kernel")) as kernel:
        cell = kernel.run("import reduction\nprint(listobs('sim.ms')['nfields'], reduction.factor)")
    assert (cell.error, cell.text) == (None, "1 2\n")


def test_the_kernelspec_of_the_wheel_keeps_the_working_folder_out() -> None:
    argv = json.loads(SHIPPED.read_text())["argv"]
    assert argv == ["python", *module("casa_kernel"), "-f", "{connection_file}"]
