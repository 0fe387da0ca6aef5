"""Interactive ``tclean``: the mask is drawn with the mouse on the canvas, and read from disk afterwards."""

from __future__ import annotations

from typing import Callable, Dict

import pytest

from ..support.clock import Stopwatch
from ..support.lab import Lab, Notebook
from ..support.mask_editor import MaskEditor
from ..support.processes import name, ours
from ..support.screen import Screen

SIZE = 128
# From a window's upper right corner to the middle of its closing button, in pixels.
CROSS = 14
CALL = (
    f'tclean(vis="sim.ms", imagename=NAME, imsize={SIZE}, cell="0.4arcsec", specmode="mfs", niter=40, cycleniter=20, '
    "interactive=True)"
)
SAY = 'print("iterations:", result["iterdone"])'
CLEAN = f"result = {CALL}\n{SAY}"
# The same as nearly all notebooks begin.
STAR = f"from casatasks import *\nfrom casaviewer import *\n{CLEAN}"
# The same in a module on disk, which has no names but those that it imports.
IMAGING = f"from casatasks import tclean\n\n\ndef clean(NAME):\n    return {CALL}\n"
MODULE = f"""
from pathlib import Path
Path("imaging.py").write_text({IMAGING!r})
import imaging
result = imaging.clean(NAME)
{SAY}
"""
# The same as users of CASA's shell say it.
GO = f"""
default tclean
vis, imagename, imsize, cell, niter, cycleniter, interactive = "sim.ms", NAME, {SIZE}, "0.4arcsec", 40, 20, True
result = go()
{SAY}
"""
READ = """
import json
ia.open(NAME + ".mask")
drawn = ia.getchunk()[:, :, 0, 0].nonzero()
ia.close()
print("mask:", json.dumps([axis.tolist() for axis in drawn]))
"""
# An image's name is part of an expression at times.
_PLAIN = str.maketrans("[]- ", "____")


@pytest.fixture
def cleaning(lab: Lab, screen: Callable[[], Screen], request: pytest.FixtureRequest) -> tuple[Notebook, MaskEditor]:
    """A notebook whose cell 1 waits in ``tclean``, and the mask editor in the browser. Cell 2 reads the mask."""
    clean = getattr(request, "param", CLEAN)
    notebook = lab.notebook(f'NAME = "{request.node.name.translate(_PLAIN)}"', clean, READ, "1 + 1")
    notebook.run(0)
    notebook.start(1)
    canvas = lab.desktop()
    desktop = screen()
    canvas.wait_for_size_of(desktop)
    return notebook, MaskEditor.wait_for(desktop, canvas)


@pytest.mark.parametrize("cleaning", [STAR, MODULE], ids=["all of casatasks", "a module on disk"], indirect=True)
def test_mask_drawn_in_the_browser_is_the_mask_on_disk(cleaning: tuple[Notebook, MaskEditor]) -> None:
    notebook, editor = cleaning
    assert "CASA Desktop" in notebook.text(1), "the cell does not say where it waits"
    corners = editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()
    assert "iterations: 40" in notebook.wait_until_finished(1)
    editor.wait_until_gone()

    assert editor.is_mask_of(notebook.run(2).split("mask:")[1], corners, SIZE)


def test_interrupt_ends_cleaning_within_three_seconds(
    cleaning: tuple[Notebook, MaskEditor], environment: Dict[str, str]
) -> None:
    notebook, editor = cleaning
    watch = Stopwatch()
    notebook.interrupt()
    _ends_with_keyboard_interrupt(notebook, editor, watch, environment)


@pytest.mark.parametrize("cleaning", [GO], ids=["go"], indirect=True)
def test_closing_the_window_ends_cleaning_within_three_seconds(
    cleaning: tuple[Notebook, MaskEditor], environment: Dict[str, str]
) -> None:
    notebook, editor = cleaning
    cross = editor.window.left + editor.window.width - CROSS, editor.window.top - CROSS
    watch = Stopwatch()
    editor.hand.click(cross)
    _ends_with_keyboard_interrupt(notebook, editor, watch, environment)


def _ends_with_keyboard_interrupt(
    notebook: Notebook, editor: MaskEditor, watch: Stopwatch, environment: Dict[str, str]
) -> None:
    text = notebook.wait_until_finished(1, timeout=60)
    took = watch.seconds()
    assert "KeyboardInterrupt" in text
    assert took < 3, f"it took {took:.1f} s"
    editor.wait_until_gone()
    assert "casaviewer" not in map(name, ours(environment))
    assert "2" in notebook.run(3), "the kernel does not answer any more"
