"""casaviewer's preferences of the kernel's own, which leave the user's alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest
from casa_kernel import preferences

from ..system.mask_editor import TITLE, find_frame
from ..system.screen import Screen
from .notebook import Notebook


def test_each_viewer_s_option_for_them_is_given(tmp_path: Path) -> None:
    assert preferences.arguments(tmp_path) == [
        f"--cachedir={tmp_path}",
        f"--rcdir={tmp_path}",
        f"-stylesheet={tmp_path}/viewer/style.qss",
    ]


def test_what_was_there_is_written_over(tmp_path: Path) -> None:
    preferences.write(tmp_path, {"viewer.dpg.visible.regions": "false"})
    preferences.write(tmp_path, {"viewer.dpg.dimensions": "560 690"})
    assert (tmp_path / "viewer" / "rc").read_text() == "viewer.dpg.dimensions: 560 690\n"


def test_a_picture_without_a_window_is_drawn_without_a_style(tmp_path: Path) -> None:
    style = tmp_path / "viewer" / "style.qss"
    preferences.write(tmp_path, preferences.LIVE)
    assert "QToolBar" in style.read_text()
    preferences.write(tmp_path, preferences.HEADLESS)
    assert style.read_text() == ""


@pytest.mark.parametrize(
    ("given", "has_planes"),
    [
        ({}, False),
        ({"specmode": "mfs", "stokes": "I"}, False),
        ({"specmode": "cube"}, True),
        ({"stokes": "IQUV"}, True),
        ({"stokes": "IV"}, True),
        ({"outlierfile": "others.txt"}, True),
    ],
)
def test_channels_are_there_to_step_through_where_a_mask_has_several_planes(
    given: Dict[str, str], has_planes: bool
) -> None:
    assert preferences.has_planes(given) is has_planes


def test_the_image_has_about_three_fifths_of_a_live_viewer_in_half_a_browser_window(
    notebook: Notebook, environment: Dict[str, str], record: Callable[[], Dict[str, str]]
) -> None:
    subprocess.run(
        [sys.executable, "-m", "casa_desktop", "start", "--geometry", "700x800"], env=environment, check=True
    )
    assert notebook.run("viewer('dirty.image', gui=True)").error is None
    with Screen(record()) as screen:
        window = screen.wait_for_window(TITLE)
        screen.wait_until(lambda: find_frame(window.cut(screen.pixels())) is not None, "image in the window")
        window = screen.wait_for_window(TITLE)
        black = (window.cut(screen.pixels()) == 0).all(axis=2)
        # The image, the axes around it and their names stand in black, which is broken by what is drawn there.
        rows, columns = np.flatnonzero(black.mean(axis=1) > 0.3), np.flatnonzero(black.mean(axis=0) > 0.3)
        area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    assert area / black.size > 0.58


def test_the_user_s_own_preferences_are_left_alone(notebook: Notebook, environment: Dict[str, str]) -> None:
    own = Path(environment["HOME"], ".casa", "viewer", "rc")
    assert notebook.run("viewer('dirty.image')").error is None
    assert not own.exists()
