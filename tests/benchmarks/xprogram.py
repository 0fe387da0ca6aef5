"""X programs to look at: ``python -m tests.benchmarks.xprogram button|film|noise|pan X Y``, on the display of DISPLAY.

``button``: a square that turns from black to white or back as soon as it is pressed.

``film``: 600 x 600 pixels of what casaviewer shows of a movie of radio images: eight moving Gaussian sources on noise,
correlated over a beam of four pixels, of a tenth of the brightest source, in grey; 60 times a second. It is copied
from pixmaps that were put there before, so that a frame is there as a whole and costs its program nothing. A row of
squares in the corner tells the frame's number.

``noise``: 800 x 800 pixels of nothing but such noise, of all greys, likewise.

``pan X Y``: no window, but a hand: it holds the left button and leads the pointer in a circle of 80 pixels around X, Y,
five or six pixels further 60 times a second.
"""

from __future__ import annotations

import math
import os
import sys
import time
from typing import Any, List

import numpy as np
from numpy.typing import NDArray
from Xlib import X
from Xlib.display import Display
from Xlib.ext import xtest

from ..support.screen import authority

BUTTON = (60, 60, 200)
FILM, NOISE = (320, 60, 600), (320, 60, 800)
RATE = 60
# Frame number n shows the bits of n as squares of this side.
FRAMES, SQUARES, SIDE = 64, 6, 16
# Noise has fewer, because each takes long to make, and no codec looks back so far.
NOISES = 16
PAN_RADIUS, PAN_STEPS = 80, 90
READY = "ready"
_ROWS = 50


def window(display: Any, place: Any) -> Any:
    """Return a mapped window without a frame, at x, y with a side, above all others."""
    x, y, side = place
    screen = display.screen()
    made = screen.root.create_window(
        x, y, side, side, 0, screen.root_depth, background_pixel=0, override_redirect=True, event_mask=X.ButtonPressMask
    )
    made.map()
    display.sync()
    return made


def button(display: Any) -> None:
    """Show the button for ever."""
    shown = window(display, BUTTON)
    black, white = (shown.create_gc(foreground=colour) for colour in (0x000000, 0xFFFFFF))
    print(READY, flush=True)
    pen, other = white, black
    while True:
        if display.next_event().type == X.ButtonPress:
            shown.fill_rectangle(pen, 0, 0, BUTTON[2], BUTTON[2])
            display.flush()
            pen, other = other, pen


def film(display: Any) -> None:
    """Show the film for ever."""
    _project(display, FILM, pictures())


def noise(display: Any) -> None:
    """Show the noise for ever."""
    _project(display, NOISE, noises())


def _project(display: Any, place: Any, frames: List[NDArray[np.uint32]]) -> None:
    shown = window(display, place)
    pen = shown.create_gc()
    reels = [_reel(display, shown, pen, picture) for picture in frames]
    display.sync()
    print(READY, flush=True)
    due, number = time.monotonic(), 0
    while True:
        shown.copy_area(pen, reels[number % len(reels)], 0, 0, place[2], place[2], 0, 0)
        display.flush()
        # Only errors come here; unread, they would fill the socket.
        while display.pending_events():
            display.next_event()
        number += 1
        due = max(due + 1 / RATE, time.monotonic() - 1 / RATE)
        time.sleep(max(due - time.monotonic(), 0))


def pan(display: Any, x: int, y: int) -> None:
    """Drag the pointer in a circle for ever."""

    def at(number: int) -> Any:
        angle = number * 2 * math.pi / PAN_STEPS
        return {"x": round(x + PAN_RADIUS * math.cos(angle)), "y": round(y + PAN_RADIUS * math.sin(angle))}

    xtest.fake_input(display, X.MotionNotify, **at(0))
    xtest.fake_input(display, X.ButtonPress, 1)
    display.sync()
    print(READY, flush=True)
    due, number = time.monotonic(), 0
    while True:
        number += 1
        xtest.fake_input(display, X.MotionNotify, **at(number))
        display.sync()
        # One that was stopped meanwhile does not make up for it.
        due = max(due + 1 / RATE, time.monotonic() - 1 / RATE)
        time.sleep(max(due - time.monotonic(), 0))


def _reel(display: Any, shown: Any, pen: Any, picture: NDArray[np.uint32]) -> Any:
    side = len(picture)
    reel = shown.create_pixmap(side, side, display.screen().root_depth)
    for row in range(0, side, _ROWS):
        data = picture[row : row + _ROWS].tobytes()
        reel.put_image(pen, 0, row, side, _ROWS, X.ZPixmap, display.screen().root_depth, 0, data)
    return reel


def pictures() -> List[NDArray[np.uint32]]:
    """Return the film's frames, each 600 x 600 of 0x00RRGGBB; the same in each run."""
    random = np.random.default_rng(4)
    side = FILM[2]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    starts, speeds = random.uniform(0, side, (8, 2)), random.uniform(-3, 3, (8, 2))
    heights, widths = random.uniform(0.3, 1.0, 8), random.uniform(4, 30, 8)
    made = []
    for number in range(FRAMES):
        brightness = 0.1 * _correlated(random, side)
        for start, speed, height, width in zip(starts, speeds, heights, widths):
            at = (start + number * speed) % side
            brightness += height * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * width**2))
        made.append(_numbered((brightness + 0.3) / 1.3, number))
    return made


def noises() -> List[NDArray[np.uint32]]:
    """Return the frames of noise, each 800 x 800 of 0x00RRGGBB; the same in each run."""
    random = np.random.default_rng(5)
    return [_numbered(0.5 + 0.2 * _correlated(random, NOISE[2]), number) for number in range(NOISES)]


def _correlated(random: np.random.Generator, side: int) -> Any:
    """Return noise, correlated over a beam of four pixels, with a deviation of 1."""
    beam = np.exp(-(np.fft.fftfreq(side)[:, None] ** 2 + np.fft.rfftfreq(side) ** 2) * 2 * (np.pi * 4 / 2.355) ** 2)
    found = np.fft.irfft2(np.fft.rfft2(random.normal(size=(side, side))) * beam, s=(side, side))
    return found / found.std()


def _numbered(brightness: Any, number: int) -> NDArray[np.uint32]:
    """Return a frame of a brightness from 0 to 1, with its number in the corner."""
    grey: NDArray[np.uint32] = np.clip(brightness * 255, 0, 255).astype(np.uint32)
    for square in range(SQUARES):
        bit = number >> (SQUARES - 1 - square) & 1
        grey[:SIDE, square * SIDE : (square + 1) * SIDE] = 255 * bit
    return grey * 0x010101


if __name__ == "__main__":
    with authority(os.environ["XAUTHORITY"]):
        connected = Display()
    {"button": button, "film": film, "noise": noise, "pan": pan}[sys.argv[1]](connected, *map(int, sys.argv[2:]))
