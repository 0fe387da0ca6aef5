"""Handwork of cleanings: drawn with the mouse in the real casaviewer, and replayed without a window."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from casa_desktop.handwork.record import read
from casa_desktop.handwork.script import script

from ...support.mask_editor import MaskEditor
from ...support.notebook import Cell, Notebook
from ...support.screen import Screen, XHand

Find = Callable[[], Dict[str, str]]
Act = Callable[[MaskEditor], None]

PLANE = "'sim.ms', imsize=128, cell='0.4arcsec', niter=60, cycleniter=20"
CUBE = "'line.ms', imsize=64, cell='1arcsec', specmode='cube', niter=240, cycleniter=60"
OUTLIERS = "imagename=side\nimsize=[64,64]\ncell=[0.4arcsec,0.4arcsec]\nphasecenter=J2000 19h59m29.2s +40d44m05.5s\n"
IMAGES = ("psf", "pb", "residual", "model", "mask", "image")
# Reads the pixels of an image, if there is one, in a process that has not made it.
DIGEST = """
import hashlib, json, os
def digest(name):
    if not os.path.isdir(name):
        return None
    ia.open(name)
    pixels = ia.getchunk()
    ia.done()
    return [list(pixels.shape), hashlib.sha256(pixels.tobytes()).hexdigest()]
"""


def call(arguments: str, name: str, more: str = "", task: str = "tclean") -> str:
    return f"result = {task}({arguments}, imagename='{name}', interactive=True{more})"


@pytest.fixture(scope="module")
def poor(
    observation: Path, kernel_environment: Dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    """A kernel that works in the folder of the observation, and finds neither an X server nor a window manager."""
    programs = tmp_path_factory.mktemp("bin")
    (programs / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    with Notebook(observation, {**kernel_environment, "PATH": str(programs)}) as kernel:
        kernel.run(DIGEST)
        yield kernel


def same(poor: Notebook, name: str, other: str) -> None:
    """Check that two cleanings made the same images, to the last bit."""
    images = pixels(poor, name)
    assert None not in images.values()
    assert pixels(poor, other) == images


def draw(notebook: Notebook, record: Find, code: str, *acts: Act) -> Cell:
    """Run a cleaning and act at each of its questions; return the cell."""

    def meanwhile() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            for act in acts:
                act(editor)

    return notebook.run(code, timeout=60, meanwhile=meanwhile)


def pixels(notebook: Notebook, name: str) -> Dict[str, Any]:
    """Return the shape and the digest of each image that a cleaning makes; None where there is none."""
    shown = notebook.run(f"print(json.dumps({{each: digest('{name}.' + each) for each in {IMAGES}}}))").text
    found: Dict[str, Any] = json.loads(shown)
    return found


def first(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.fill("cycleniter", "15")
    editor.clean_one_cycle()


def second(editor: MaskEditor) -> None:
    editor.choose("erase")
    editor.draw((0.40, 0.62), (0.48, 0.50))
    editor.fill("cyclethreshold", "0.05jy")
    editor.clean_one_cycle()


def third(editor: MaskEditor) -> None:
    editor.choose("add")
    editor.draw((0.60, 0.60), (0.70, 0.66))
    editor.clean_one_cycle()


def test_three_cycles_are_kept_and_replayed_bit_by_bit_without_a_window(
    notebook: Notebook, poor: Notebook, record: Find, observation: Path, kernel_environment: Dict[str, str]
) -> None:
    cell = draw(notebook, record, call(PLANE, "first"), first, second, third, MaskEditor.stop)
    assert cell.error is None
    assert "3 masks drawn, kept in first.hand (" in cell.text
    assert 'replay with hand="first.hand"' in cell.text
    kept = read(observation / "first.hand")
    answers = [(step.cycle, step.action) for step in kept.steps]
    assert answers == [(1, "continue"), (2, "continue"), (3, "continue"), (4, "stop")]
    assert kept.steps[0].answer.cycleniter == 15
    assert kept.end == "stop"
    assert all(step.peak for step in kept.steps)
    assert any("Cycle 1: peak residual" in data.get("text/plain", "") for data in cell.displayed)
    updates = [content["data"].get("text/plain", "") for content in cell.of("update_display_data")]
    assert any("Cycle 4: peak residual" in text for text in updates)

    again = poor.run(call(PLANE, "again", ", hand='first.hand'"))
    assert again.error is None
    assert again.text == "tclean took 4 of 4 answers from first.hand.\n"
    assert not again.of("comm_open")
    same(poor, "first", "again")

    # In plain CASA; on a busy machine threads of OpenMP wait for each other.
    (observation / "first.py").write_text(script(observation / "first.hand"))
    site = {"CASASITECONFIG": str(observation / "casasiteconfig.py"), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "first.py", "plain"], cwd=observation, env={**kernel_environment, **site}, check=True
    )
    same(poor, "first", "plain")
    # The mask's plane of each residual was kept, too.
    assert all(step.residual for step in kept.steps)
