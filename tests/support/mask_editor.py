"""casaviewer's window in interactive cleaning, found by its pixels and used as a person would.

The image stands in a white frame on black. The green box has the actions; its arrows are grey until there is a mask.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import List, Optional, Protocol, Tuple

import numpy as np
from numpy.typing import NDArray

from .screen import RIGHT, Pixels, Point, Screen, Window, XHand

Flags = NDArray[np.bool_]

TITLE = "Viewer Display Panel"
GREEN_BOX = (20, 255, 60)
# Where things are in the green box, in fractions of it from the left and from the top.
CHOICES = {"add": (0.043, 0.13), "erase": (0.043, 0.37), "this channel": (0.21, 0.11), "all channels": (0.21, 0.35)}
STOP, CIRCLE = (0.768, 0.30), (0.95, 0.30)
FIELDS = {"cycleniter": 0.115, "niter": 0.365, "threshold": 0.615, "cyclethreshold": 0.866}
FIELDS_AT = 0.82
# The four corners of a box have 300 green pixels and more.
_CORNERS = 40


class Hand(Protocol):
    """What uses the mouse: through the canvas in a browser, or on the X server itself."""

    def drag(self, start: Point, end: Point, button: int = ...) -> None: ...

    def click(self, at: Point, button: int = ..., times: int = ...) -> None: ...


@dataclass(frozen=True)
class Frame:
    """The frame around an image: the outer edges of its lines, in pixels of the desktop."""

    left: int
    top: int
    right: int
    bottom: int

    def at(self, x: float, y: float) -> Point:
        """Return the point of the desktop at the fractions ``x`` from the left and ``y`` from the bottom."""
        return (
            round(self.left + x * (self.right - self.left)),
            round(self.bottom - y * (self.bottom - self.top)),
        )

    def to_image(self, point: Point, size: int) -> Tuple[float, float]:
        """Return the image pixel, of ``size`` x ``size``, under a point of the desktop."""
        return (
            (point[0] - self.left) / (self.right - self.left) * size - 0.5,
            (self.bottom - point[1]) / (self.bottom - self.top) * size - 0.5,
        )


def find_frame(pixels: Pixels) -> Optional[Frame]:
    """Return the frame around the image, or None while nothing is drawn."""
    black = _are(pixels, (0, 0, 0), 0)
    rows = _longest_run(black.sum(axis=1) > 100, gap=4)
    if rows is None:
        return None
    # Above and below an image in a low window there is little black, and there is writing in it.
    columns = _longest_run(black[rows[0] : rows[1]].sum(axis=0) > min(100, (rows[1] - rows[0]) // 8), gap=4)
    if columns is None:
        return None
    white = _are(pixels[rows[0] : rows[1], columns[0] : columns[1]], (255, 255, 255), 4)
    vertical, horizontal = _lines(white.T), _lines(white)
    if vertical is None or horizontal is None:
        return None
    return Frame(columns[0] + vertical[0], rows[0] + horizontal[0], columns[0] + vertical[1], rows[0] + horizontal[1])


def _are(pixels: Pixels, colour: Tuple[int, int, int], within: int) -> Flags:
    """Return where each of red, green and blue differs from a colour's by ``within`` at most.

    By bytes, and one after the other: a whole desktop in wider numbers takes twenty times as long, and it is looked at
    whenever it changes.
    """
    found = np.ones(pixels.shape[:2], bool)
    for number, value in enumerate(colour):
        part = pixels[:, :, number]
        found &= (part >= max(value - within, 0)) & (part <= min(value + within, 255))
    return found


def peak(picture: Pixels) -> int:
    """Return the brightness in the middle of the image in a picture, whose frame is white or black."""
    frame = find_frame(picture) or find_frame(255 - picture)
    assert frame, "there is no framed image in the picture"
    column, row = frame.at(0.5, 0.5)
    return int(picture[row, column].max())


def _longest_run(flags: Flags, gap: int) -> Optional[Tuple[int, int]]:
    """Return where the longest run of true values begins and ends; up to ``gap`` false ones do not break it."""
    places = np.flatnonzero(flags)
    if not places.size:
        return None
    runs = np.split(places, np.flatnonzero(np.diff(places) > gap + 1) + 1)
    longest = max(runs, key=lambda run: int(run[-1] - run[0]))
    return int(longest[0]), int(longest[-1]) + 1


def _lines(white: Flags) -> Optional[Tuple[int, int]]:
    """Return the first and the last of the rows with the longest unbroken lines: writing is white too, but broken."""
    runs = [_longest_run(row, gap=0) or (0, 0) for row in white]
    lengths = np.array([end - start for start, end in runs])
    lines = np.flatnonzero(lengths > 0.95 * lengths.max(initial=0))
    if lengths.max(initial=0) < 80 or lines[-1] - lines[0] < 80:
        return None
    return int(lines[0]), int(lines[-1])


def find_green_box(pixels: Pixels) -> Optional[Tuple[int, int, int, int]]:
    """Return top, bottom, left and right of the box with the actions, or None while there is none."""
    green = _are(pixels, GREEN_BOX, 24)
    rows, columns = np.flatnonzero(green.sum(axis=1) > 100), np.flatnonzero(green.sum(axis=0) > 40)
    if not rows.size or not columns.size:
        return None
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def find_arrow(pixels: Pixels) -> Optional[Point]:
    """Return the middle of the blue arrow in the green box, or None while it is grey."""
    found = find_green_box(pixels)
    if found is None:
        return None
    top, bottom, left, right = found
    box = pixels[top:bottom, left:right].astype(int)
    red, green, blue = box[:, :, 0], box[:, :, 1], box[:, :, 2]
    arrow = (blue > red + 40) & (blue > green + 25)
    if arrow.sum() < 60:
        return None
    across, down = np.flatnonzero(arrow.any(axis=0)), np.flatnonzero(arrow.any(axis=1))
    return int(left + across.mean()), int(top + down.mean())


@dataclass(frozen=True)
class MaskEditor:
    """The open window: where it is, and who uses it how.

    Attributes:
        screen: the desktop that it is on.
        hand: what uses the mouse.
        window: its place.
        frame: the frame around its image.
    """

    screen: Screen
    hand: Hand
    window: Window
    frame: Frame
    _before: List[bytes] = field(default_factory=list)
    _image: List[bytes] = field(default_factory=list)
    _box: List[int] = field(default_factory=list)

    @classmethod
    def wait_for(cls, screen: Screen, hand: Hand, timeout: float = 60) -> MaskEditor:
        """Return the editor as soon as its window is there and its image is drawn."""

        def drawn() -> bool:
            pixels = screen.pixels()
            return bool(find_green_box(pixels) and find_frame(pixels))

        screen.wait_until(drawn, "mask editor with an image", timeout)
        # While the window finds its size the frame moves.
        screen.wait_until_still()
        frame = find_frame(screen.pixels())
        assert frame, "the image was drawn, and is gone"
        # The newest comes last; a viewer that was open before bears the same words.
        window = [window for window in screen.windows() if TITLE in window.title][-1]
        return cls(screen, hand, window, frame)

    def draw(self, start: Tuple[float, float], end: Tuple[float, float]) -> Tuple[Point, Point]:
        """Draw a box and make it the mask; return its corners on the desktop.

        Args:
            start: the corner to begin at, in fractions of the image from the left and from the bottom.
            end: the corner to end at.
        """
        first, last = self.frame.at(*start), self.frame.at(*end)
        self.hand.drag(first, last, RIGHT)
        self.hand.click(((first[0] + last[0]) // 2, (first[1] + last[1]) // 2), RIGHT, times=2)
        return first, last

    def draw_another(self, start: Tuple[float, float], end: Tuple[float, float]) -> None:
        """Draw a box where there is a mask already, as ``draw``, and wait until the mask is another.

        The arrow is blue all the time then. The viewer makes the mask some time after the click, and takes a button
        that is pressed meanwhile first.
        """
        before = self._green()
        first, last = self.frame.at(*start), self.frame.at(*end)
        self.hand.drag(first, last, RIGHT)
        self.screen.wait_until(lambda: self._has_corners(before), "box that was drawn", 60)
        self.hand.click(((first[0] + last[0]) // 2, (first[1] + last[1]) // 2), RIGHT, times=2)
        self.screen.wait_until(lambda: not self._has_corners(before), "mask in the place of the box", 60)

    def _green(self) -> Flags:
        """Return where the image is as green as the corners of a box that is no mask yet."""
        frame = self.frame
        pixels = self.screen.pixels()[frame.top : frame.bottom, frame.left : frame.right]
        found: Flags = (pixels[:, :, 1] > 200) & (pixels[:, :, 0] < 60) & (pixels[:, :, 2] < 60)
        return found

    def _has_corners(self, before: Flags) -> bool:
        """Tell whether there are such corners that were not there before."""
        return int((self._green() & ~before).sum()) >= _CORNERS

    def is_mask_of(self, drawn: str, corners: Tuple[Point, Point], size: int) -> bool:
        """Tell whether the pixels of a mask are the box between two corners on the desktop, all of it and no more.

        Args:
            drawn: the mask's pixels in JSON: all the first coordinates, all the second ones.
            corners: of the box.
            size: of the image, in pixels.
        """
        across, down = map(np.array, json.loads(drawn))
        (left, top), (right, bottom) = (self.frame.to_image(corner, size) for corner in corners)
        box = [across.min(), across.max(), down.min(), down.max()]
        # A corner is known to one pixel of the desktop, and falls into one of two pixels of the image.
        near = 1 + size / (self.frame.right - self.frame.left)
        whole = (np.ptp(across) + 1) * (np.ptp(down) + 1) == len(across)
        return bool(whole and np.allclose(box, [left, right, bottom, top], rtol=0, atol=near))

    def go_on(self) -> None:
        """Press the blue arrow, once it is blue: cleaning goes on without further questions."""
        self.hand.click(self.screen.wait_until(lambda: find_arrow(self.screen.pixels()), "blue arrow"))

    def choose(self, what: str) -> None:
        """Press one of the small round buttons: ``add``, ``erase``, ``this channel`` or ``all channels``."""
        self.hand.click(self._in_box(*CHOICES[what]))

    def stop(self) -> None:
        """Press the red cross, which needs no mask."""
        self._image[:] = [self._shown(self.screen.pixels())]
        self.hand.click(self._in_box(*STOP))

    def clean_one_cycle(self) -> None:
        """Press the green circle, once there is a mask, and wait for the next question."""
        self.press_circle()
        self.wait_for_question()

    def press_circle(self) -> None:
        """Press the green circle, once there is a mask."""
        self.screen.wait_until(lambda: find_arrow(self.screen.pixels()), "blue arrow")
        pixels = self.screen.pixels()
        self._before[:], self._image[:] = [self._iterations_left(pixels)], [self._shown(pixels)]
        self.hand.click(self._in_box(*CIRCLE))

    def wait_for_question(self) -> None:
        """Wait until another number of iterations is left than when the circle was pressed."""
        before = self._before.pop()

        def asked() -> bool:
            pixels = self.screen.pixels()
            return find_arrow(pixels) is not None and self._iterations_left(pixels) != before

        self.screen.wait_until(asked, "next question", 60)
        # A cursor in one of the fields blinks twice a second.
        self.screen.wait_until_still(0.2)

    def wait_for_other_image(self) -> None:
        """Wait for the question about another image field than the one for which a button was pressed last."""
        before = self._image.pop()

        def asked() -> bool:
            pixels = self.screen.pixels()
            return find_green_box(pixels) is not None and self._shown(pixels) != before

        self.screen.wait_until(asked, "question about another image", 60)
        self.screen.wait_until_still(0.2)

    def _shown(self, pixels: Pixels) -> bytes:
        frame = self.frame
        return pixels[frame.top : frame.bottom, frame.left : frame.right].tobytes()

    def fill(self, field: str, text: str) -> None:
        """Type into a field: ``cycleniter``, ``threshold`` or ``cyclethreshold``."""
        assert isinstance(self.hand, XHand)
        self.hand.click(self._in_box(FIELDS[field], FIELDS_AT), times=3)
        self.hand.type(text)

    def _in_box(self, across: float, down: float) -> Point:
        # It is grey while the viewer waits for CASA.
        found = find_green_box(self.screen.pixels())
        if found is not None:
            self._box[:] = found
        top, bottom, left, right = self._box
        return round(left + across * (right - left)), round(top + down * (bottom - top))

    def _iterations_left(self, pixels: Pixels) -> bytes:
        column, row = self._in_box(FIELDS["niter"], FIELDS_AT)
        return pixels[row - 8 : row + 8, column - 50 : column + 50].tobytes()

    def wait_until_gone(self) -> None:
        """Return as soon as the window has closed."""
        self.screen.wait_until_gone(self.window.title)
