"""The window of plotms, used as a person would: boxes drawn on the plot, and the buttons below it.

The buttons are found by their pixels: a dashed box with a green plus marks a region, a red flag flags what is marked,
and one in a blue circle unflags it.
"""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
from numpy.typing import NDArray

from .screen import Pixels, Point, Screen, Window, XHand

# The plot in the window's first size, from its upper left corner: left, top, right, bottom. It is the same in
# casaplotms 1.7.3 to 2.9.1, to a few pixels.
_PLOT = (400, 55, 990, 480)
# The buttons are between so many pixels above the window's lower edge.
_BUTTONS = (62, 20)
# An icon's pixels of one colour are not further apart than that; a flag has more red ones than any other icon to the
# left of it, and a plus more green ones than what is a part of something else.
_GAP, _FLAG, _PLUS = 6, 45, 20
_TITLE = "PlotMS"
# A cursor blinks in the window, each half second.
_STILL = 0.3


def find_buttons(pixels: Pixels, window: Window) -> Tuple[Point, Point, Point]:
    """Return the places of the buttons that mark, flag and unflag, on the desktop."""
    bottom = window.top + window.height
    rows = slice(bottom - _BUTTONS[0], bottom - _BUTTONS[1])
    strip = pixels[rows, window.left : window.left + window.width].astype(int)
    red, green, blue = strip[:, :, 0], strip[:, :, 1], strip[:, :, 2]
    flags = _icons((red > green + 70) & (red > blue + 70), _FLAG)
    pluses = _icons((green > red + 50) & (green > blue + 50), _PLUS)
    assert len(flags) > 1, "there are no flags among the buttons"
    marks = [place for place in pluses if place < flags[0]]
    assert marks, "there is no button that marks"
    row = (rows.start + rows.stop) // 2
    mark, flag, unflag = ((window.left + column, row) for column in (marks[-1], *flags[:2]))
    return mark, flag, unflag


def _icons(pixels: NDArray[np.bool_], least: int) -> List[int]:
    """Return the columns in the middle of the groups of so many true pixels at least."""
    columns = np.flatnonzero(pixels.any(axis=0))
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > _GAP) + 1)
    return [int(group.mean()) for group in groups if group.size and pixels[:, group[0] : group[-1] + 1].sum() >= least]


class PlotMS:
    """A window of plotms."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._hand = screen, XHand(screen)
        self._window = screen.wait_for_window(_TITLE)
        screen.wait_until_still(_STILL, timeout=40)
        self._mark, self._flag, self._unflag = find_buttons(screen.pixels(), self._window)
        self._press(self._mark)

    def _press(self, button: Point) -> None:
        self._hand.click(button)
        self._screen.wait_until_still(_STILL, timeout=40)

    def _box(self, low: Tuple[float, float], high: Tuple[float, float]) -> None:
        left, top, right, bottom = _PLOT
        ends = [
            (
                round(self._window.left + left + x * (right - left)),
                round(self._window.top + bottom - y * (bottom - top)),
            )
            for x, y in (low, high)
        ]
        self._hand.drag(*ends)
        self._screen.wait_until_still(_STILL, timeout=40)

    def flag(self, low: Tuple[float, float], high: Tuple[float, float]) -> None:
        """Draw a box and flag what is in it.

        Args:
            low, high: its lower left and upper right corners, as fractions of the plot's area.
        """
        self._box(low, high)
        self._press(self._flag)

    def unflag(self, low: Tuple[float, float], high: Tuple[float, float]) -> None:
        """Draw a box and unflag what is in it."""
        self._box(low, high)
        self._press(self._unflag)
