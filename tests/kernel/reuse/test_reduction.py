"""A whole reduction without reuse, with it, and once more: the same data, and only what must be is computed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import pytest

from ...support.notebook import Cell, Notebook
from ...support.reduction import play, steps

REUSE = "application/vnd.casa-desktop.reuse+json"
STEPS = steps()
# What CASA writes a time, the free memory, or memory that it never set into.
_OF_THE_MOMENT = (
    "HISTORY",
    "logtable",
    "FLAG_VERSION_LIST",
    "table.lock",
    "table.dat",
    "table.info",
    "table.f0i",
    ".fits",
    ".log",
)


@pytest.fixture(scope="module")
def folder(line_folder: Path) -> Path:
    return line_folder


@pytest.fixture(scope="module")
def kernel(line_kernel: Notebook) -> Notebook:
    assert line_kernel.run("from casatasks import *").error is None
    return line_kernel


def do(kernel: Notebook, steps: Sequence[str] = STEPS) -> List[Cell]:
    """Make each step, from clean images on."""
    if any(step.startswith("tclean") for step in steps):
        # As in any notebook that cleans: tclean goes on with images that are there, with reuse as without.
        kernel.run("import os; os.system('rm -rf clean.*')")
    return play(kernel, steps)


def reused(cells: Sequence[Cell]) -> List[bool]:
    return [any(REUSE in each for each in cell.displayed) for cell in cells]


def contents(folder: Path, all_of_it: bool = True) -> Dict[str, str]:
    """Return digests of all files of the reduction; or of those alone that two reductions have in common."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        ours = name.startswith(".casa") or name.endswith((".log", ".last")) or path.name == "table.lock"
        if path.is_file() and not ours and (all_of_it or not any(word in name for word in _OF_THE_MOMENT)):
            found[name] = hashlib.blake2b(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def first(kernel: Notebook, folder: Path) -> Tuple[Dict[str, str], List[Cell], Dict[str, str]]:
    """The data of a reduction without reuse; and the cells and the data of the first one with it."""
    do(kernel)
    plain = contents(folder, all_of_it=False)
    for path in folder.iterdir():
        if path.name != "line.ms" and not path.name.endswith(".log"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert kernel.run("%casa_reuse on").error is None
    cells = do(kernel)
    return plain, cells, contents(folder)


def test_the_first_reduction_computes_everything_and_its_data_are_those_without_reuse(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], folder: Path
) -> None:
    plain, cells, _ = first
    assert not any(reused(cells))
    with_reuse = contents(folder, all_of_it=False)
    assert with_reuse == plain


def test_the_second_computes_nothing_and_every_byte_is_as_it_was(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook, folder: Path
) -> None:
    _, before, data = first
    again = do(kernel)
    assert reused(again) == [True] * len(STEPS), kernel.run("%casa_reuse why").text
    assert contents(folder) == data
    assert [cell.text for cell in again] == [cell.text for cell in before]


ROWS = """
import glob, os
def rows(path):
    tb.open(path)
    try:
        return tb.nrows()
    finally:
        tb.close()
print({path: rows(path) for path in sorted(map(os.path.dirname, glob.glob("*.*/**/table.dat", recursive=True)))})
"""


def test_tables_that_are_put_back_have_all_their_rows(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook, folder: Path
) -> None:
    before = eval(kernel.run(ROWS).text)
    assert before["cal.ms/SPECTRAL_WINDOW"] == before["cal.ms/FIELD"] == 1
    kernel.run("import os; os.system('rm -rf cal.* corrected.ms* contsub.ms* smooth.image twice.*')")
    assert reused(do(kernel)) == [True] * len(STEPS)
    assert eval(kernel.run(ROWS).text) == before
    # And a task that has not been called before works with them.
    assert not reused(do(kernel, ["visstat(vis='corrected.ms', axis='amp', datacolumn='data')"]))[0]


def test_a_hit_shows_the_log_of_then_and_says_what_it_saved(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook
) -> None:
    (cell,) = do(kernel, STEPS[-2:-1])
    (shown,) = cell.displayed
    (prompt,) = (each["execution_count"] for each in cell.of("execute_input"))
    assert shown[REUSE]["why"].startswith(f"exportfits in cell [{prompt}] did not run: ")
    assert "  the contents of twice.image\n" in shown[REUSE]["why"]
    assert "nothing to" in shown["text/plain"]
    assert "twice.fits" in shown["text/plain"]
    assert "reuse=False" in shown["text/plain"]
    assert any("Begin Task: exportfits" in row[3] for row in shown[REUSE]["log"]["messages"])
    assert "<details>" in shown["text/html"]
    said = kernel.run("%casa_reuse").text
    assert said.startswith("on")
    assert "not made again, which saved" in said


def test_a_hit_prints_what_native_code_had_printed(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook
) -> None:
    fit = "uvmodelfit('line.ms', niter=2)"
    made, again, other = do(kernel, [fit, fit, "visstat('line.ms')"])
    assert "reduced chi2" in made.text
    assert reused([made, again]) == [False, True]
    assert again.text == made.text
    # What other calls print is none of its text.
    assert "chi2" not in other.text


def test_a_changed_parameter_runs_exactly_the_steps_that_depend_on_it(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook, folder: Path
) -> None:
    changed = steps(niter=30)
    # CASA would not write over these.
    kernel.run("import os; os.system('rm -rf smooth.image twice.image twice.fits')")
    cells = do(kernel, changed)
    ran = [step.partition("(")[0] for step, hit in zip(changed, reused(cells)) if not hit]
    assert ran == ["tclean", "imsmooth", "immath", "exportfits", "imstat"]
    assert "niter was 20 and is 30" in kernel.run("%casa_reuse why tclean").text
    assert "clean.image was written by tclean in cell" in kernel.run("%casa_reuse why immath").text


def test_a_call_s_own_reuse_makes_it_and_takes_the_former_one_s_place(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook
) -> None:
    look = "listobs(vis='line.ms')"
    assert reused(do(kernel, [look, look])) == [False, True]
    assert reused(do(kernel, [look.replace(")", ", reuse=False)"), look])) == [False, True]
    kernel.run("%casa_reuse off")
    assert reused(do(kernel, [look, look.replace(")", ", reuse=True)")])) == [False, True]
    kernel.run("%casa_reuse on")
    error = kernel.run("listobs(vis='line.ms', reuse='yes')").error
    assert error is not None
    assert "does not know 'yes'" in error["evalue"]


def test_what_a_user_made_is_never_written_over(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook, folder: Path
) -> None:
    mine = "tb.open('corrected.ms', nomodify=False); tb.putcell('TIME', 0, 1.0); tb.close()"
    assert kernel.run(mine).error is None
    before = contents(folder)
    cell = kernel.run(STEPS[6])
    # As without reuse: CASA does not write over a MeasurementSet.
    assert cell.error is not None
    assert "exist" in cell.error["evalue"]
    assert contents(folder) == before


def test_a_table_that_is_open_and_changed_but_not_written_is_not_taken_for_unchanged(
    first: Tuple[Dict[str, str], List[Cell], Dict[str, str]], kernel: Notebook
) -> None:
    look = "visstat(vis='line.ms', axis='amp', datacolumn='data')"
    assert reused(do(kernel, [look, look])) == [False, True]
    kernel.run("tb.open('line.ms', nomodify=False); tb.putcell('DATA', 0, tb.getcell('DATA', 0) * 100)")
    try:
        (changed,) = do(kernel, [look])
        assert reused([changed]) == [False]
        assert "line.ms" in kernel.run("%casa_reuse why").text
    finally:
        kernel.run("tb.putcell('DATA', 0, tb.getcell('DATA', 0) / 100); tb.close()")
