"""Paths and values as astronomers give them, in real tasks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, Iterator

import pytest

from ...support.notebook import Notebook

NAMES = (" lead", "trail ", "~tilde", "~nosuchuser", "q'uo\"te", "br[a]ck*", "new\nline")


@pytest.fixture(scope="module")
def home(kernel_environment: Dict[str, str]) -> Path:
    """The user's home."""
    return Path(kernel_environment["HOME"])


@pytest.fixture(scope="module")
def kernel(
    untouched: Path, home: Path, kernel_environment: Dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    """A kernel in a folder in which an image and a MeasurementSet have odd names; others are in the home."""
    place = tmp_path_factory.mktemp("paths")
    for name in (*NAMES, "plain"):
        shutil.copytree(untouched / "dirty.image", place / "images" / name)
        shutil.copytree(untouched / "sim.ms", place / "data" / name)
    (place / "deeper").mkdir()
    shutil.copytree(untouched / "dirty.image", home / "own.image")
    shutil.copytree(untouched / "sim.ms", home / "own.ms")
    (place / os.fsdecode(b"b\xff.image")).symlink_to("images/plain")
    with Notebook(place, kernel_environment) as running:
        running.run("import os, pathlib, numpy as np\nos.chdir('deeper'); os.chdir('..')")
        yield running


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_of_a_file_is_drawn(kernel: Notebook, name: str) -> None:
    cell = kernel.run(f"os.chdir('images')\ntry: viewer({name!r}); imview({name!r})\nfinally: os.chdir('..')")
    assert cell.error is None, cell.error
    assert len([data for data in cell.displayed if "image/png" in data]) == 2


@pytest.mark.parametrize("name", ["trail ", "~tilde"])
def test_plotms_takes_the_names_that_it_would_change(kernel: Notebook, name: str) -> None:
    cell = kernel.run(f"os.chdir('data')\ntry: plotms({name!r})\nfinally: os.chdir('..')")
    assert cell.error is None, cell.error
    assert "image/png" in cell.displayed[-1]


@pytest.mark.parametrize(
    "call",
    [
        "viewer('~/own.image', outfile='~/viewer.png', outformat='png')",
        "imview(pathlib.Path('~/own.image'), out={'file': pathlib.Path('~/imview.png'), 'scale': np.int64(1)})",
        "msview('~/own.ms', outfile='~/msview.png', outformat='png')",
        "plotms('~/own.ms', plotfile='~/plotms.png')",
        "plotants('~/own.ms', figfile='~/plotants.png')",
    ],
)
def test_a_tilde_is_the_home_for_what_is_read_and_written(kernel: Notebook, home: Path, call: str) -> None:
    cell = kernel.run(call)
    assert cell.error is None, cell.error
    assert (home / f"{call.split('(')[0]}.png").stat().st_size > 1000


@pytest.mark.parametrize(
    "call",
    [
        "imview({'file': pathlib.Path('images/plain'), 'range': np.array([0, 5.]), 'scaling': np.float32(-1)})",
        "imview('images/plain', zoom={'blc': (5, 5), 'trc': np.array([20, 20])}, axes=('Declination', '', ''))",
        "viewer(np.str_('images/plain'), zoom=np.int32(2), outscale=np.float32(1), outlandscape=np.bool_(False))",
        "plotms(pathlib.Path('data/plain'), xaxis=np.str_('time'), gridrows=np.int64(1))",
        "plotants(pathlib.Path('data/plain'))",
        "viewer(' images/plain ')",
    ],
)
def test_values_of_numpy_and_pathlib_are_drawn(kernel: Notebook, call: str) -> None:
    cell = kernel.run(call)
    assert cell.error is None, cell.error
    assert "image/png" in cell.displayed[-1]


def test_tasks_that_draw_nothing_take_them_too(kernel: Notebook) -> None:
    cell = kernel.run(
        "print(listobs(pathlib.Path('data/plain'))['nfields'])\n"
        "print(flagdata(vis=np.str_('data/plain'), mode='summary', spw=np.str_('0'))['type'])\n"
        "print(imstat(pathlib.Path('images/plain'), axes=(0, 1))['npts'].shape)"
    )
    assert (cell.error, cell.text) == (None, "1\nsummary\n(1,)\n")


@pytest.mark.parametrize(
    ("call", "name", "sentence"),
    [
        ("viewer(os.fsdecode(b'b\\xff.image'))", "BadParameter", r"b'b\xff.image', which is no UTF-8"),
        ("plotms('a\\0b')", "BadParameter", "holds a NUL character"),
        ("viewer('~/nowhere')", "NoSuchPath", "/home/nowhere, which does not exist"),
        ("viewer('~nobodyhere/x')", "NoSuchPath", "/~nobodyhere/x, which does not exist"),
        ("plotms('data/plain', plotfile='x.png ')", "NotWritable", "ends with a blank"),
        ("imview('images/plain', out={'file': '/nowhere/x.png'})", "NoSuchFolder", "there is no folder /nowhere"),
        ("viewer('images/plain', outfile='x' * 300, outformat='png')", "NotWritable", "file name too long"),
    ],
)
def test_what_cannot_be_a_path_is_told_in_a_sentence(kernel: Notebook, call: str, name: str, sentence: str) -> None:
    cell = kernel.run(call)
    assert cell.error is not None
    assert (cell.error["ename"], len(cell.error["traceback"])) == (name, 1)
    assert sentence in cell.error["evalue"]
