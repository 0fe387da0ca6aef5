"""The window of plotms, used as a person would: boxes drawn on the plot, and the buttons below it.

The places are those of casaplotms 2.9.1 in its window's first size.
"""

from __future__ import annotations

from typing import Tuple

from .screen import Point, Screen, XHand

# Buttons, from the window's lower left corner; the plot, from its upper left one: left, top, right, bottom.
_MARK, _FLAG, _UNFLAG = (252, 42), (399, 42), (431, 42)
_PLOT = (400, 55, 990, 480)
_TITLE = "PlotMS"
# A cursor blinks in the window, each half second.
_STILL = 0.3


class PlotMS:
    """A window of plotms."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._hand = screen, XHand(screen)
        self._window = screen.wait_for_window(_TITLE)
        screen.wait_until_still(_STILL, timeout=40)
        self._press(_MARK)

    def _press(self, button: Point) -> None:
        window = self._window
        self._hand.click((window.left + button[0], window.top + window.height - button[1]))
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
        self._press(_FLAG)

    def unflag(self, low: Tuple[float, float], high: Tuple[float, float]) -> None:
        """Draw a box and unflag what is in it."""
        self._box(low, high)
        self._press(_UNFLAG)
