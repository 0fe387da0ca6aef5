"""``plotms`` in both modes, one after the other."""

from __future__ import annotations

from typing import Callable

from ..support.lab import Lab, colours
from ..support.screen import Screen

TITLE = "PlotMS"


def test_neither_mode_of_plotms_destroys_what_the_other_made(lab: Lab, screen: Callable[[], Screen]) -> None:
    notebook = lab.notebook(
        'plotms("sim.ms", xaxis="time", yaxis="amp", gui=True)',
        'plotms("sim.ms", xaxis="uvdist", yaxis="amp")',
        'plotms("sim.ms", xaxis="time", yaxis="phase", gui=True)',
        'plotms("sim.ms", xaxis="time", yaxis="phase")',
    )
    notebook.run(0)
    canvas, desktop = lab.desktop(), screen()
    canvas.wait_for_size_of(desktop)
    desktop.wait_for_window(TITLE)

    notebook.run(1)
    first = notebook.picture(1)
    assert colours(first) > 2
    assert _plotms_windows(desktop) == 1

    notebook.run(2)
    desktop.wait_for_window(TITLE)
    notebook.run(3)
    assert colours(notebook.picture(3)) > 2
    assert _plotms_windows(desktop) == 1
    assert (notebook.picture(1) == first).all()


def _plotms_windows(screen: Screen) -> int:
    return sum(window.title.startswith(TITLE) for window in screen.windows())
