"""Scripts that repeat a cleaning with CASA's own tasks: their images are those of the interactive call, bit by bit."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple, Sequence, Tuple

import numpy as np
import pytest

from casa_desktop.handwork.models import Controls, Image, Minor, Record, Step
from casa_desktop.handwork.record import Writer, make, read
from casa_desktop.handwork.script import script
from casa_desktop.handwork.sheet import sheet

from ...support.handwork import record
from ...support.notebook import Notebook

KINDS = ("psf", "residual", "model", "mask", "image", "pb")
# Tells the pixels of images by their names' endings, the model in a MeasurementSet, and what CASA ordered in its log.
TOOLS = """
import hashlib, inspect, json, os
def digests(names):
    found = {}
    for number, name in enumerate(names):
        for ending in [f".{kind}{term}" for kind in KINDS for term in ("", ".tt0", ".tt1")]:
            if os.path.isdir(name + ending):
                ia.open(name + ending)
                pixels, shown = ia.getchunk(), ia.getchunk(getmask=True)
                ia.done()
                found[f"{number}{ending}"] = hashlib.sha256(pixels.tobytes() + shown.tobytes()).hexdigest()
    return found
def model(forget=False):
    tb.open("line.ms", nomodify=not forget)
    column = tb.getcol("MODEL_DATA")
    if forget:
        tb.putcol("MODEL_DATA", 0 * column)
    tb.done()
    return hashlib.sha256(column.tobytes()).hexdigest()
def orders(start):
    with open(casalog.logfile()) as log:
        log.seek(start)
        return [line.partition("Minor Cycle controls : ")[2] for line in log if "Minor Cycle controls : " in line]
"""
OUTLIER = """\
# The point source.
imagename=out
imsize=[64,64]
cell=['0.4arcsec','0.4arcsec']
phasecenter=J2000 19h59m29.2s +40d44m05.5s
"""
Box = Tuple[int, int, int, int]


class Answer(NamedTuple):
    """What hands did at one question: drew a box in some channels, typed a number, pressed a button."""

    action: str
    box: Box = (0, 0, 0, 0)
    channels: Tuple[int, int] = (0, 99)
    cycleniter: int = 30
    image: str = ""


class Case(NamedTuple):
    call: Dict[str, Any]
    shape: Tuple[int, ...]
    answers: Sequence[Answer]


PLANE = {"vis": "sim.ms", "imsize": 64, "cell": "0.4arcsec", "niter": 60, "cycleniter": 20}
LINE = {"vis": "line.ms", "imsize": 48, "cell": "1arcsec", "niter": 90, "cycleniter": 30}
# The images that are cleaned are named after them.
CASES = {
    "nomore": Case(
        {**PLANE, "deconvolver": "clark", "pbcor": True},
        (64, 64, 1, 1),
        [Answer("continue", (20, 20, 40, 44)), Answer("no more", (16, 30, 44, 48), cycleniter=25)],
    ),
    "cube": Case(
        {**LINE, "specmode": "cube", "deconvolver": "multiscale", "scales": [0, 3], "nsigma": 2.0},
        (48, 48, 1, 8),
        [
            Answer("continue", (18, 18, 30, 30), (0, 3)),
            Answer("continue", (18, 18, 30, 34), cycleniter=20),
            Answer("stop", (10, 10, 20, 20)),
        ],
    ),
    "terms": Case(
        {**LINE, "deconvolver": "mtmfs", "nterms": 2, "savemodel": "modelcolumn", "usemask": "auto-multithresh"},
        (48, 48, 1, 1),
        [Answer("continue", (18, 18, 30, 30)), Answer("continue", (14, 18, 30, 33)), Answer("stop", (1, 1, 4, 4))],
    ),
    "fields": Case(
        {**PLANE, "outlierfile": "out.txt"},
        (64, 64, 1, 1),
        [
            Answer("continue", (20, 20, 40, 44)),
            Answer("continue", (26, 26, 38, 38), image="out"),
            Answer("no more", (20, 20, 44, 44)),
            Answer("continue", (26, 26, 39, 39), image="out"),
            Answer("stop", (26, 26, 39, 39), image="out"),
        ],
    ),
}


def _mask(shape: Tuple[int, ...], answer: Answer) -> Any:
    mask = np.zeros(shape, np.float32)
    left, bottom, right, top = answer.box
    mask[left:right, bottom:top, :, slice(*answer.channels)] = 1
    return mask


def _handwork(folder: Path, name: str, case: Case, defaults: Dict[str, Any]) -> Writer:
    """Write what hands did in one case, as far as it is known before CASA has asked."""
    named = [answer.image or name for answer in case.answers]
    images = {each: Image(case.shape, ()) for each in named}
    files = {"outlierfile": OUTLIER} if "outlierfile" in case.call else {}
    call = {**defaults, **case.call, "imagename": name, "interactive": True}
    made = datetime.now().astimezone().isoformat(timespec="seconds")
    found = Record("tclean", call, made, str(folder), {"casatasks": "6.7"}, images, {}, files=files)
    writer = Writer(make(folder / name), found)
    cycle: Dict[str, int] = {}
    for image, answer in zip(named, case.answers):
        cycle[image] = cycle.get(image, 0) + 1
        controls = Controls(60, answer.cycleniter, "0.000000Jy", "0.020000Jy")
        step = Step(cycle[image], image, controls, answer.action, controls, {})
        writer.add(step, {f"{image}.mask": _mask(case.shape, answer)})
    return writer


def _minors(orders: Sequence[str], cycles: int) -> Iterator[Minor]:
    """Return what CASA ordered for each minor cycle, which it says in its log with all digits."""
    for number, text in enumerate(orders, 1):
        told = ast.literal_eval(text.strip())
        values = (told[name] for name in ("cycleniter", "cyclethreshold", "loopgain", "nsigma"))
        # Behind the last question CASA goes on alone.
        yield Minor(min(number, cycles), *values)


def _clean(kernel: Notebook, folder: Path, name: str, case: Case, defaults: Dict[str, Any]) -> None:
    """Clean as the hands in a case do, and export it."""
    writer = _handwork(folder, name, case, defaults)
    arguments = ", ".join(f"{key}={value!r}" for key, value in case.call.items())
    kernel.run("start = os.path.getsize(casalog.logfile())")
    cell = kernel.run(f"tclean({arguments}, imagename='{name}', interactive=True, hand='{name}.hand') and None")
    assert cell.error is None, cell.error
    for minor in _minors(json.loads(kernel.run("print(json.dumps(orders(start)))").text), writer.record.cycles):
        writer.add_minor(minor)
    writer.finish("stop")
    (folder / f"{name}.py").write_text(script(writer.folder))


@pytest.fixture(scope="module")
def environment_of_casa(kernel_environment: Dict[str, str]) -> Dict[str, str]:
    """The variables of the kernel and of the scripts."""
    # On a busy machine threads of OpenMP wait for each other.
    return {**kernel_environment, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def folder(untouched_line: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the observation, in which nobody has left images or handwork."""
    made = tmp_path_factory.mktemp("export")
    for name in ("sim.ms", "line.ms"):
        shutil.copytree(untouched_line / name, made / name)
    shutil.copy(untouched_line / "casasiteconfig.py", made)
    (made / "out.txt").write_text(OUTLIER)
    return made


@pytest.fixture(scope="module")
def kernel(folder: Path, environment_of_casa: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel in that folder."""
    with Notebook(folder, environment_of_casa) as started:
        started.run(f"KINDS = {KINDS}\n{TOOLS}")
        yield started


@pytest.fixture(scope="module")
def defaults(kernel: Notebook) -> Dict[str, Any]:
    """The parameters of tclean."""
    found = "{name: each.default for name, each in inspect.signature(tclean.stock).parameters.items()}"
    return dict(ast.literal_eval(kernel.run(f"print({found})").text))


def _run_script(folder: Path, name: str, environment: Dict[str, str]) -> str:
    """Run a script in a Python that knows nothing of ours: for the images of the call, which are there, and for others.

    Returns:
        what it said of the images that are there.
    """
    code = (
        "import runpy, sys\n"
        "sys.modules['casa_desktop'] = sys.modules['casa_kernel'] = None\n"
        f"sys.argv = ['{name}.py']\n"
        "try:\n"
        f"    runpy.run_path('{name}.py', run_name='__main__')\n"
        "except SystemExit as stopped:\n"
        "    print('It said:', stopped)\n"
        f"sys.argv.append('again_{name}')\n"
        f"runpy.run_path('{name}.py', run_name='__main__')\n"
    )
    variables = {**environment, "CASASITECONFIG": str(folder / "casasiteconfig.py")}
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.partition("It said: ")[2]


@pytest.mark.parametrize("name", CASES)
def test_a_script_in_plain_casa_makes_the_pixels_of_the_interactive_call(
    name: str, kernel: Notebook, defaults: Dict[str, Any], folder: Path, environment_of_casa: Dict[str, str]
) -> None:
    case = CASES[name]
    _clean(kernel, folder, name, case, defaults)
    # The model that it wrote into the data is taken out, so that the script must write it.
    model = kernel.run("print(model(forget=True))").text if "savemodel" in case.call else ""
    said = _run_script(folder, name, environment_of_casa)
    assert said.startswith(f"{name}.psf"), said
    assert "is there, and the interactive call began without it." in said

    others = ["out"] if "outlierfile" in case.call else []
    names = [[name, *others], [f"again_{name}", *(f"again_{name}.{each}" for each in others)]]
    before, after = json.loads(kernel.run(f"print(json.dumps([digests(each) for each in {names}]))").text)
    assert len(before) >= len(KINDS) * (1 + len(others))
    assert after == before
    if model:
        assert kernel.run("print(model())").text == model


def test_the_script_of_a_whole_history_makes_the_pixels_of_the_cleaning_by_hand_in_it(
    kernel: Notebook, defaults: Dict[str, Any], folder: Path, environment_of_casa: Dict[str, str], tmp_path: Path
) -> None:
    assert kernel.run("split('sim.ms', 'part.ms', datacolumn='data')").error is None
    call = {**CASES["nomore"].call, "vis": "part.ms", "datacolumn": "data"}
    _clean(kernel, folder, "whole", CASES["nomore"]._replace(call=call), defaults)
    variables = {**environment_of_casa, "CASASITECONFIG": str(folder / "casasiteconfig.py")}
    written = tmp_path / "chain.py"
    argv = [sys.executable, "-m", "casa_desktop", "history", "whole.image", "--script", str(written)]
    made = subprocess.run(argv, cwd=folder, env=variables, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    text = written.read_text()
    assert text.index("split(vis='sim.ms', outputvis='part.ms'") < text.index("BY_HAND = ")
    place = tmp_path / "place"
    shutil.copytree(folder / "sim.ms", place / "sim.ms")
    ended = subprocess.run([sys.executable, str(written)], cwd=place, env=variables, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    names = [["whole"], [str(place / "whole")]]
    before, after = json.loads(kernel.run(f"print(json.dumps([digests(each) for each in {names}]))").text)
    assert len(before) >= len(KINDS)
    assert after == before


def test_a_notebook_shows_a_cleaning_as_a_picture_and_prints_its_script(kernel: Notebook, folder: Path) -> None:
    made = record(folder)
    (shown,) = kernel.run("%casa_hand show first.hand").displayed
    assert shown["image/svg+xml"] == sheet(made, read(made))
    assert shown["text/plain"].startswith("tclean on 2028-11-29 12:00: 3 cycles, stopped by hand")
    assert kernel.run("%casa_hand export first.hand").text == script(made) + "\n"
    assert "There is no handwork in line.ms" in str(kernel.run("%casa_hand show line.ms").error)
