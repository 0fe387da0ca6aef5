"""Handwork of the other tasks that ask for masks: drawn with the mouse, replayed, and not said in other tasks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable, Dict

import pytest

from casa_desktop.errors import HandworkNotExportable
from casa_desktop.handwork.record import read
from casa_desktop.handwork.script import script

from ...support.cleaning import call, draw, same
from ...support.mask_editor import MaskEditor
from ...support.notebook import Notebook

Find = Callable[[], Dict[str, str]]

PLANE = "'sim.ms', imsize=128, cell='0.4arcsec'"
# A single dish sees what line.ms does, with a beam of its own.
CHANNELS = "vis='line.ms', imsize=64, cell='1arcsec', specmode='cube', nchan=2"
SINGLE_DISH = f"""
tclean({CHANNELS}, imagename='dish', niter=0)
imsmooth('dish.image', 'gauss', '27arcsec', '27arcsec', '0deg', outfile='sd.image')
"""
JOINT = f"{CHANNELS}, sdimage='sd.image', dishdia=9.0, deconvolver='hogbom', niter=40, cycleniter=20"


def box(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))


def test_deconvolve_asks_once_and_is_replayed_bit_by_bit(
    notebook: Notebook, poor: Notebook, record: Find, observation: Path
) -> None:
    assert notebook.run(f"tclean({PLANE}, imagename='apart', niter=0)").error is None
    # It changes the residual.
    for image in observation.glob("apart.*"):
        shutil.copytree(image, observation / image.name.replace("apart", "apart2"))
    cell = draw(notebook, record, call("niter=30", "apart", task="deconvolve"), box, MaskEditor.press_circle)
    assert cell.error is None
    assert "1 mask drawn, kept in apart.hand (" in cell.text
    kept = read(observation / "apart.hand")
    assert [(step.cycle, step.action, step.answer.niter) for step in kept.steps] == [(1, "continue", 30)]
    again = poor.run(call("niter=30", "apart2", ", hand='apart.hand'", "deconvolve"))
    assert again.error is None
    assert again.text == "deconvolve took 1 of 1 answers from apart.hand.\n"
    same(poor, "apart", "apart2")
    assert poor.run("print(result['iterdone'])").text == "30\n"
    with pytest.raises(HandworkNotExportable, match="it is of deconvolve, and only what tclean did"):
        script(observation / "apart.hand")


@pytest.mark.usefixtures("spectral_line")
def test_a_joint_cleaning_with_a_single_dish_is_replayed_bit_by_bit(
    notebook: Notebook, poor: Notebook, record: Find, observation: Path
) -> None:
    assert notebook.run(SINGLE_DISH).error is None
    code = call(JOINT, "joint", task="sdintimaging")
    # It makes and joins cubes before it asks.
    cell = draw(notebook, record, code, box, MaskEditor.clean_one_cycle, MaskEditor.stop, timeout=180)
    assert cell.error is None
    assert "kept in joint.hand (" in cell.text
    kept = read(observation / "joint.hand")
    assert [(step.cycle, step.action) for step in kept.steps] == [(1, "continue"), (2, "stop")]
    assert kept.images["joint.joint.cube"].shape == (64, 64, 1, 2)
    again = poor.run(call(JOINT, "joint2", ", hand='joint.hand'", "sdintimaging"), timeout=180)
    assert again.error is None
    assert again.text == "sdintimaging took 2 of 2 answers from joint.hand.\n"
    same(poor, "joint.joint.cube", "joint2.joint.cube")
    with pytest.raises(HandworkNotExportable, match="it is of sdintimaging, and only what tclean did"):
        script(observation / "joint.hand")
