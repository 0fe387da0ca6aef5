"""CASA's windows on a desktop that is drawn twice as large, for screens with small pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from casa_desktop.desktop import lifecycle, scaling
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings

from ...support.mask_editor import TITLE, MaskEditor
from ...support.notebook import Notebook
from ...support.screen import Point, Screen, XHand
from .test_live import CLEAN

# The mask's first and last pixel in both directions.
EXTENT = """
import numpy
image = casatools.image(); image.open('scaled.mask')
across, down = numpy.nonzero(image.getchunk()[:, :, 0, 0]); image.close()
print(across.min(), across.max(), down.min(), down.max())
"""


@pytest.fixture
def desktop(runtime_directory: Path) -> Iterator[Record]:
    """A desktop with room for windows of twice the usual size."""
    yield lifecycle.ensure(settings=Settings(geometry="3840x2400"))
    lifecycle.stop()


@pytest.fixture
def notebook(observation: Path, kernel_environment: Dict[str, str], desktop: Record) -> Iterator[Notebook]:
    """A kernel whose tools start on that desktop."""
    with Notebook(observation, kernel_environment) as kernel:
        yield kernel


def screen_of(desktop: Record) -> Screen:
    return Screen({"display": desktop.display, "xauthority": desktop.xauthority})


@pytest.mark.parametrize(
    ("call", "title"),
    [("imview('dirty.image'", TITLE), ("plotms('sim.ms'", "PlotMS"), ("plotants('sim.ms'", "plotants")],
)
def test_windows_are_drawn_twice_as_large(notebook: Notebook, desktop: Record, call: str, title: str) -> None:
    sizes = []
    for ratio in (1, 2):
        scaling.set_scale(desktop, ratio)
        # A tool goes by what holds when it starts.
        notebook.run("for name, child in get_ipython().kernel.loading.children.running(): child.stop()")
        assert notebook.run(f"{call}, gui=True)").error is None
        with screen_of(desktop) as screen:
            sizes.append(screen.wait_for_window(title).height)
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.1)


def test_a_mask_is_where_it_was_drawn(notebook: Notebook, desktop: Record) -> None:
    scaling.set_scale(desktop, 2)
    corners: List[Tuple[float, float]] = []

    def draw() -> None:
        with screen_of(desktop) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            drawn: Tuple[Point, Point] = editor.draw((0.40, 0.62), (0.58, 0.38))
            corners.extend(editor.frame.to_image(point, 128) for point in drawn)
            editor.go_on()

    cell = notebook.run(CLEAN.format(name="scaled"), timeout=30, meanwhile=draw)
    assert cell.error is None
    left, right, bottom, top = map(int, notebook.run(f"import casatools\n{EXTENT}").text.split()[-4:])
    (x0, y0), (x1, y1) = corners
    assert (left, right, bottom, top) == pytest.approx((x0, x1, y1, y0), abs=1.5)
