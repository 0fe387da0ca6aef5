"""Interactive tasks whose window does not open: an error, whatever called them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict

import pytest

from ...support.notebook import Cell, Notebook

CLEAN = "vis='sim.ms', imagename=name, imsize=64, cell='0.4arcsec', niter=10, interactive=True"

SCRIPT = """
from casatasks.private.imagerhelpers.imager_base import PySynthesisImager
from casatasks.private.imagerhelpers.input_parameters import ImagerParameters
imager = PySynthesisImager(
    params=ImagerParameters(
        msname='sim.ms', imagename=name, imsize=64, cell='0.4arcsec', niter=10, interactive=True,
        stokes='I', field='', spw='', datacolumn='corrected', phasecenter='', usemask='user',
    )
)
try:
    imager.initializeImagers()
    imager.initializeNormalizers()
    imager.setWeighting()
    imager.initializeDeconvolvers()
    imager.initializeIterationControl()
    imager.makePSF()
    imager.runMajorCycle()
    imager.hasConverged()
    imager.updateMask()
finally:
    imager.deleteTools()
"""

MISSED = {
    "a task of casa's own": f"tclean.stock({CLEAN})",
    "deconvolve": "deconvolve.stock(imagename='dirty', niter=10, interactive=True)",
    "a script made of casa's classes": SCRIPT,
    "a flag display of data": "flagdata.stock('sim.ms', display='data', action='calculate')",
    "a flag display of reports": "flagdata.stock('sim.ms', mode='summary', display='report')",
    "a script that swallows nothing": f"from casatasks import tclean as clean\nclean.stock.__call__({CLEAN})",
}


def missed(cell: Cell) -> str:
    assert cell.error is not None, cell.text
    assert cell.error["ename"] == "EditorMissing", cell.error
    return str(cell.error["evalue"])


@pytest.mark.parametrize("code", MISSED.values(), ids=MISSED)
def test_an_interactive_task_without_its_window_is_an_error(notebook: Notebook, tmp_path: Path, code: str) -> None:
    said = missed(notebook.run(f"name = {str(tmp_path / 'image')!r}\n{code}"))
    assert "did not open; without it the result would be wrong. The kernel opens it for its own tasks" in said


def test_a_window_that_the_kernel_provided_for_and_that_did_not_open_is_an_error(
    observation: Path, kernel_environment: Dict[str, str], tmp_path: Path, record: Callable[[], Dict[str, str]]
) -> None:
    with Notebook(observation, kernel_environment) as kernel:
        # CASA asks this script for the viewer.
        broken = (
            "script = get_ipython().kernel.loading.editor.python\n"
            "whole = script.read_text()\n"
            "script.write_text('#!/bin/sh\\necho /nowhere\\n')"
        )
        assert kernel.run(broken).error is None
        said = missed(kernel.run(f"name = {str(tmp_path / 'image')!r}\ntclean({CLEAN})"))
        assert "mask editor did not open" in said
        assert "casa-desktop doctor" in said
        # What was provided is gone with the call, and no viewer is started that nobody would introduce to CASA.
        assert kernel.run("script.write_text(whole)").error is None
        assert "not for CASA's own" in missed(kernel.run(f"tclean.stock({CLEAN})"))
        assert kernel.run("print(imstat('dirty.image')['npts'][0] > 0)").text == "True\n"
