"""casaviewer's preferences of the kernel's own, which leave the user's alone."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import numpy as np
import pytest
from casa_kernel.tools import viewer_preferences
from numpy.typing import NDArray

from ...support.mask_editor import TITLE, MaskEditor, find_frame
from ...support.notebook import Notebook
from ...support.screen import Pixels, Screen, XHand

CLEAN = """
tclean(vis='sim.ms', imagename='wide', imsize=64, cell='1arcsec', niter=20, interactive=True)
"""
CUBE = """
tclean(vis='line.ms', imagename='cube', imsize=64, cell='1arcsec', specmode='cube', niter=240, interactive=True)
"""
Rows = NDArray[np.intp]


def test_each_viewer_s_option_for_them_is_given(tmp_path: Path) -> None:
    assert viewer_preferences.arguments(tmp_path) == [
        f"--cachedir={tmp_path}",
        f"--rcdir={tmp_path}",
        f"-stylesheet={tmp_path}/viewer/style.qss",
    ]


def test_what_was_there_is_written_over(tmp_path: Path) -> None:
    viewer_preferences.write(tmp_path, {"viewer.dpg.visible.regions": "false"})
    viewer_preferences.write(tmp_path, {"viewer.dpg.dimensions": "560 690"})
    assert (tmp_path / "viewer" / "rc").read_text() == "viewer.dpg.dimensions: 560 690\n"


def test_a_picture_without_a_window_is_drawn_without_a_style(tmp_path: Path) -> None:
    style = tmp_path / "viewer" / "style.qss"
    viewer_preferences.write(tmp_path, viewer_preferences.LIVE)
    assert "QToolBar" in style.read_text()
    viewer_preferences.write(tmp_path, viewer_preferences.HEADLESS)
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
    assert viewer_preferences.has_planes(given) is has_planes


def test_the_image_has_about_three_fifths_of_a_live_viewer_in_half_a_browser_window(
    notebook: Notebook, environment: Dict[str, str], record: Callable[[], Dict[str, str]]
) -> None:
    start_half_a_window(environment)
    assert notebook.run("viewer('dirty.image', gui=True)").error is None
    with Screen(record()) as screen:
        window = screen.wait_for_window(TITLE)
        screen.wait_until(lambda: find_frame(window.cut(screen.pixels())) is not None, "image in the window")
        window = screen.wait_for_window(TITLE)
        assert share(window.cut(screen.pixels())) > 0.58


def share(pixels: Pixels) -> float:
    """Return which part of a window is the image, with the axes around it and their names."""
    black = (pixels == 0).all(axis=2)
    # It stands in black, which is broken by what is drawn there.
    rows, columns = np.flatnonzero(black.mean(axis=1) > 0.3), np.flatnonzero(black.mean(axis=0) > 0.3)
    if not rows.size or not columns.size:
        return 0.0
    return float((rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1) / black.size)


def show_animators(screen: Screen, editor: MaskEditor) -> None:
    """Choose Animators in the menu View of the mask editor."""
    before = editor.window.cut(screen.pixels())
    dark = np.flatnonzero((before[2:14].max(axis=2) < 100).any(axis=0))
    # Data, Display Panel, Tools, View, Help.
    words = np.split(dark, np.flatnonzero(np.diff(dark) > 8) + 1)
    editor.hand.click((editor.window.left + int(words[3].mean()), editor.window.top + 7))

    def opened() -> Tuple[Rows, Rows]:
        new = (editor.window.cut(screen.pixels()) != before).any(axis=2)[16:300]
        return np.flatnonzero(new.sum(axis=1) > 100), np.flatnonzero(new.sum(axis=0) > 100)

    screen.wait_until(lambda: all(places.size for places in opened()), "menu View")
    screen.wait_until_still()
    rows, columns = opened()
    # The second to last of its five entries.
    at = int(columns.mean()), 16 + int(rows[0] + 0.7 * (rows[-1] - rows[0]))
    editor.hand.click((editor.window.left + at[0], editor.window.top + at[1]))


@pytest.mark.usefixtures("spectral_line")
@pytest.mark.parametrize("clean", [CLEAN, CUBE], ids=["plane", "cube"])
def test_the_image_has_three_fifths_of_the_mask_editor_in_half_a_browser_window_and_docks_come_back_by_the_menu(
    notebook: Notebook, environment: Dict[str, str], record: Callable[[], Dict[str, str]], clean: str
) -> None:
    start_half_a_window(environment)
    shares: List[float] = []

    def look() -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))

            def now() -> float:
                return share(editor.window.cut(screen.pixels()))

            screen.wait_until(lambda: now() > 0.6, "image on three fifths of the window")
            screen.wait_until_still()
            shares.append(now())
            show_animators(screen, editor)
            # They are where the lowest fifth of the image was.
            screen.wait_until(lambda: now() < 0.5, "animators below the image")
            shares.append(now())
        notebook.manager.interrupt_kernel()

    cell = notebook.run(clean, timeout=60, meanwhile=look)
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert shares[0] > 0.6 > 0.5 > shares[1] > 0.3
    assert ("View > Animators" in cell.displayed[0]["text/plain"]) == (clean is CUBE)


@pytest.mark.usefixtures("spectral_line")
def test_mask_editors_of_cubes_open_with_the_animators_that_were_chosen_in_the_last_one(
    line_kernel: Notebook, environment: Dict[str, str], record: Callable[[], Dict[str, str]]
) -> None:
    start_half_a_window(environment)
    shares: List[float] = []

    def look(shows: bool) -> None:
        with Screen(record()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))

            def now() -> float:
                return share(editor.window.cut(screen.pixels()))

            if not shows:
                screen.wait_until(lambda: now() > 0.6, "image on three fifths of the window")
            screen.wait_until_still()
            shares.append(now())
            if len(shares) in (1, 4):
                show_animators(screen, editor)
                screen.wait_until(lambda: abs(now() - shares[-1]) > 0.02, "other docks")
        line_kernel.manager.interrupt_kernel()

    plane = CUBE.replace("cube", "plane", 1).replace("specmode='cube'", "specmode='mfs'")
    for call, shows in ((CUBE, False), (plane, False), (CUBE, True), (CUBE, True), (CUBE, False)):
        line_kernel.run(call, timeout=60, meanwhile=partial(look, shows))
    assert [each > 0.6 for each in shares] == [True, True, False, False, True]
    assert max(shares[2:4]) < 0.5


def start_half_a_window(environment: Dict[str, str]) -> None:
    """Start a desktop of the size of half a browser window."""
    subprocess.run(
        [sys.executable, "-m", "casa_desktop", "start", "--geometry", "700x800"], env=environment, check=True
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", False),
        ("viewer.iclean.visible.animator: false\nviewer.iclean.visible.animator: true\n", True),
        ("viewer.iclean.visible.animator: true\nviewer.iclean.visible.animator: false\n", False),
        ("viewer.dpg.visible.animator: true\n", False),
    ],
)
def test_what_the_viewer_wrote_last_tells_whether_the_animators_were_shown(
    tmp_path: Path, text: str, shown: bool
) -> None:
    assert not viewer_preferences.shows_animators(tmp_path)
    (tmp_path / "viewer").mkdir()
    (tmp_path / "viewer" / "rc").write_text(text)
    assert viewer_preferences.shows_animators(tmp_path) is shown


def test_the_user_s_own_preferences_are_left_alone(notebook: Notebook, environment: Dict[str, str]) -> None:
    own = Path(environment["HOME"], ".casa", "viewer", "rc")
    assert notebook.run("viewer('dirty.image')").error is None
    assert not own.exists()
