"""Histories of a real reduction: in the notebook from kept results, and in a terminal from what CASA has written."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from prov.model import ProvActivity, ProvDocument, ProvEntity
from rocrate.rocrate import ROCrate

from casa_desktop.history.hands import beside

from ...support.notebook import Notebook
from ...support.reduction import play

SITE = Path(__file__).parents[2] / "support" / "observation" / "siteconfig.py"
SOLVE = "refant='0', minsnr=0"
STEPS = (
    "split(vis='line.ms', outputvis='cal.ms', datacolumn='data')",
    "flagdata(vis='cal.ms', antenna='2')",
    f"gaincal(vis='cal.ms', caltable='cal.G', {SOLVE})",
    "applycal(vis='cal.ms', gaintable=['cal.G'], calwt=[False])",
    "split(vis='cal.ms', outputvis='corrected.ms', datacolumn='corrected')",
    # The second one goes on with what the first one made, of which its image does not tell.
    "tclean(vis='corrected.ms', imagename='clean', imsize=64, cell='1arcsec', niter=0, restoration=False)",
    "tclean(vis='corrected.ms', imagename='clean', imsize=64, cell='1arcsec', niter=5, calcpsf=False, calcres=False)",
    "imsubimage(imagename='clean.image', outfile='part.image', box='10,10,30,30')",
    "exportfits(imagename='part.image', fitsimage='part.fits')",
)
TASKS = [step.partition("(")[0] for step in STEPS]


@pytest.fixture(scope="module")
def folder(line_folder: Path) -> Path:
    return line_folder


@pytest.fixture(scope="module")
def kernel(line_kernel: Notebook) -> Notebook:
    """A kernel that has made all steps, and kept their results."""
    line_kernel.run("%casa_reuse on")
    play(line_kernel, STEPS)
    # It waits until the last result is kept, too, of which a terminal tells.
    line_kernel.run("%casa_reuse")
    return line_kernel


def told(kernel: Notebook, line: str) -> str:
    """Return the text of a history in the notebook."""
    cell = kernel.run(f"%casa_history {line}")
    assert cell.error is None, cell.error
    return str(cell.displayed[0]["text/plain"])


def calls(text: str) -> List[str]:
    """Return the tasks that are called in a text, which is Python."""
    return [
        node.func.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]


def sentences(text: str) -> str:
    """Return what the comments of a history say, in one line."""
    return " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))


def terminal(folder: Path, environment: Dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run casa-desktop history, without what the kernel has kept."""
    argv = [sys.executable, "-m", "casa_desktop", "history", *words]
    variables = {**environment, "CASA_DESKTOP_STORE": str(folder / "no store")}
    return subprocess.run(argv, cwd=folder, env=variables, text=True, capture_output=True, timeout=280)


def again(
    script: Path, folder: Path, data: List[Path], environment: Dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script by plain Python in a new folder with copies of data; casa_desktop is not imported there."""
    folder.mkdir()
    for path in data:
        shutil.copytree(path, folder / path.name)
    argv = [sys.executable, str(script)]
    variables = {**environment, "CASASITECONFIG": str(SITE)}
    return subprocess.run(argv, cwd=folder, env=variables, text=True, capture_output=True, timeout=280)


def pixels(image: Path) -> bytes:
    return (image / "table.f0").read_bytes()


def test_a_notebook_shows_the_calls_that_the_states_of_files_prove(kernel: Notebook) -> None:
    text = told(kernel, "part.fits")
    # The observation was flagged before it came here, as its HISTORY tells.
    assert calls(text) == ["flagdata"] * 3 + TASKS
    assert sentences(text).count("proved by the states of its files") == len(STEPS)
    for step in STEPS[:3]:
        assert step in text
    said = sentences(text)
    assert "CASA 6." in said
    assert "cell [" in said
    assert "Contradiction" not in said
    # What CASA writes down is not what was given.
    assert "As it was given: flagbackup=True. As CASA wrote it down: flagbackup=False." in said


def test_a_calibration_table_is_told_with_the_state_of_its_data(kernel: Notebook) -> None:
    text = told(kernel, "cal.G")
    assert calls(text)[3:] == TASKS[:3]
    assert "cal.ms has been changed since it was read: by applycal (" in sentences(text)


def test_the_page_names_what_each_call_read_and_made(kernel: Notebook) -> None:
    page = str(kernel.run("%casa_history clean.image").displayed[0]["text/html"])
    assert "gaincal: cal.ms → cal.G" in page
    assert "applycal: cal.G → cal.ms (changed)" in page
    assert "refant=&#x27;0&#x27;" in page


def test_all_arguments_are_shown_when_asked_for(kernel: Notebook) -> None:
    assert "weighting='natural'" not in told(kernel, "clean.image")
    assert "weighting='natural'" in told(kernel, "--all clean.image")


def test_the_kernel_can_use_a_table_whose_history_was_shown(kernel: Notebook, folder: Path) -> None:
    cell = kernel.run(
        "tb.open('cal.ms'); print(tb.nrows()); get_ipython().run_line_magic('casa_history', 'cal.ms'); tb.close()"
    )
    assert cell.error is None
    assert calls(str(cell.displayed[0]["text/plain"]))[3:] == ["split", "flagdata", "gaincal", "applycal"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nothing.image", "There is no image, table, MeasurementSet or FITS file at "),
        ("clean.image --script part.fits", "something is there already; remove it, or choose another name"),
        ("clean.image --prov nowhere/x.json", "there is no folder "),
        ("'clean.image", "a quotation mark is missing"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(line: str, said: str, kernel: Notebook) -> None:
    error = kernel.run(f"%casa_history {line}").error
    assert error is not None
    assert said in str(error["evalue"])


def test_paths_are_completed(kernel: Notebook) -> None:
    found = kernel.client.complete("%casa_history clean.", reply=True, timeout=60)["content"]["matches"]
    assert {"clean.image", "clean.psf"} <= set(found)


def test_the_script_of_kept_results_makes_the_same(kernel: Notebook, folder: Path, environment: Dict[str, str]) -> None:
    assert kernel.run("%casa_history part.image --script kept.py").text == "Wrote kept.py.\n"
    ended = again(folder / "kept.py", folder / "by records", [folder / "line.ms"], environment)
    assert ended.returncode == 0, ended.stderr
    assert pixels(folder / "by records" / "part.image") == pixels(folder / "part.image")
    # A second time it would go on with the images that are there.
    argv = [sys.executable, str(folder / "kept.py")]
    variables = {**environment, "CASASITECONFIG": str(SITE)}
    ended = subprocess.run(argv, cwd=folder / "by records", env=variables, text=True, capture_output=True)
    assert ended.returncode == 1
    assert "is here already: run this script in a folder of its own." in ended.stderr


def test_a_terminal_tells_what_casa_has_written(kernel: Notebook, folder: Path, environment: Dict[str, str]) -> None:
    ended = terminal(folder, environment, "part.image")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert calls(ended.stdout)[3:] == ["split", "flagdata", "applycal", "split", "tclean", "tclean", "imsubimage"]
    said = sentences(ended.stdout)
    assert "a calibration table (G Jones) of cal.ms" in said
    assert "CASA does not write down by which call" in said
    assert "record" not in said
    # Nothing is left in the folder: no log, and no store.
    assert not [path.name for path in folder.iterdir() if path.name in ("no store",)]


def test_the_script_of_what_casa_has_written_makes_the_same(
    kernel: Notebook, folder: Path, environment: Dict[str, str]
) -> None:
    ended = terminal(
        folder, environment, "part.image", "--script", "written.py", "--prov", "x.json", "--crate", "crate"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    lacking = again(folder / "written.py", folder / "without", [folder / "line.ms"], environment)
    assert (lacking.returncode, "cal.G is not here" in lacking.stderr) == (1, True)
    data = [folder / "line.ms", folder / "cal.G"]
    ended = again(folder / "written.py", folder / "by history", data, environment)
    assert ended.returncode == 0, ended.stderr
    assert pixels(folder / "by history" / "part.image") == pixels(folder / "part.image")

    document = ProvDocument.deserialize(str(folder / "x.json"))
    assert len(list(document.get_records(ProvActivity))) == 10
    names = {str(entity.identifier) for entity in document.get_records(ProvEntity)}
    assert any(name.split("#")[0].endswith("part.image") for name in names)
    crate = ROCrate(str(folder / "crate"))
    actions = [each for each in crate.contextual_entities if "Action" in str(each.type)]
    assert [str(each["name"]) for each in actions][-1] == "imsubimage"
    assert (folder / "crate" / "again.py").read_text().partition("\nimport")[2] == (
        folder / "written.py"
    ).read_text().partition("\nimport")[2]


def test_a_fits_file_tells_of_its_image_but_not_by_what_it_was_written(
    kernel: Notebook, folder: Path, environment: Dict[str, str]
) -> None:
    ended = terminal(folder, environment, "part.fits", "--script", "fits.py")
    assert ended.returncode == 1
    assert ended.stderr.startswith("casa-desktop: Nothing tells which call made part.fits.")
    script = again(folder / "fits.py", folder / "fits", [], environment)
    assert (script.returncode, "This script is not whole: Nothing tells" in script.stderr) == (1, True)


def test_handwork_beside_an_image_is_named(kernel: Notebook, folder: Path) -> None:
    hand = folder / "clean.hand"
    hand.mkdir()
    (hand / "steps.json").write_text(json.dumps({"task": "tclean", "made": "2026-01-01T00:00:00+00:00"}))
    assert [each.folder for each in beside(str(folder / "clean.image"))] == [str(hand)]
    # That tclean was not interactive.
    assert f"in {hand}, which is of none of these calls." in sentences(told(kernel, "clean.image"))
    shutil.rmtree(hand)


# From here on the files are changed.


def test_a_change_that_writes_no_history_is_told(kernel: Notebook) -> None:
    change = "tb.open('{}', nomodify=False); tb.putcell('{}', 0, tb.getcell('{}', 0) {}); tb.close()"
    assert kernel.run(change.format("corrected.ms", "DATA", "DATA", "* 2")).error is None
    assert "corrected.ms is not what was read on" in sentences(told(kernel, "clean.image"))
    assert "corrected.ms is not as its last call left it" in sentences(told(kernel, "corrected.ms"))


def test_what_was_made_anew_by_another_call_is_told(
    kernel: Notebook, folder: Path, environment: Dict[str, str]
) -> None:
    assert kernel.run("%casa_reuse off\n!rm -rf cal.G cal.ms*").error is None
    assert kernel.run("split(vis='line.ms', outputvis='cal.ms', datacolumn='data')").error is None
    assert kernel.run(f"gaincal(vis='cal.ms', caltable='cal.G', solint='int', {SOLVE})").error is None
    said = sentences(told(kernel, "cal.G"))
    assert "cal.G: a calibration table" in said
    assert "not as the kept call of gaincal on" in said
    # What the states prove of the image has not changed.
    text = told(kernel, "clean.image")
    assert calls(text)[3:] == TASKS[:7]
    said = sentences(terminal(folder, environment, "corrected.ms").stdout)
    assert "cal.ms was made anew by split on" in said
    assert os.path.exists(folder / "cal.ms")
