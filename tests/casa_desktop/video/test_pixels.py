"""What an encoder sees of a desktop, on a real one."""

from __future__ import annotations

import select
from contextlib import suppress
from pathlib import Path
from typing import Iterator, Tuple

import numpy as np
import pytest
from numpy.typing import NDArray
from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError
from Xlib.ext import xtest

from casa_desktop.desktop import lifecycle
from casa_desktop.video.area import Area
from casa_desktop.video.pixels import PIXEL, Pixels

from ...support.screen import Screen

AREA = Area(300, 200, 96, 64)
GREEN, RED = 0x00FF00, 0xFF0000


@pytest.fixture
def desktop(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tuple[Pixels, Screen]]:
    """An encoder's eye on a desktop, and a program on it."""
    record = lifecycle.ensure()
    with Screen({"display": record.display, "xauthority": record.xauthority}) as screen:
        screen.wait_until_still()
        monkeypatch.setenv("XAUTHORITY", record.xauthority)
        displays = Display(record.display), Display(record.display)
        yield Pixels(*displays), screen
        for each in displays:
            # It has bytes for a server that may have ended.
            with suppress(ConnectionClosedError):
                each.close()
            each.display.socket.close()


def _paint(screen: Screen, colour: int, x: int, y: int, width: int, height: int) -> None:
    root = screen.display.screen().root
    root.fill_rectangle(root.create_gc(foreground=colour), x, y, width, height)
    screen.display.sync()


def _wait_for_change(pixels: Pixels, area: Area) -> None:
    while not pixels.have_changed(area):
        assert select.select([pixels], [], [], 60)[0]


def _memory(area: Area) -> bytearray:
    return bytearray(PIXEL * area.width * area.height)


def _read(pixels: Pixels) -> NDArray[np.uint8]:
    data = _memory(AREA)
    assert pixels.read(AREA, data)
    return np.frombuffer(data, np.uint8).reshape(AREA.height, AREA.width, PIXEL)[..., 2::-1]


def test_what_is_painted_is_told_of_and_read(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, screen = desktop
    _paint(screen, GREEN, *AREA)
    _wait_for_change(pixels, AREA)
    _read(pixels)
    assert not pixels.have_changed(AREA)
    _paint(screen, RED, AREA.x + 10, AREA.y + 20, 2, 1)
    _wait_for_change(pixels, AREA)
    picture = _read(pixels)
    assert (picture[20, 10:12] == (255, 0, 0)).all()
    assert (picture == (0, 255, 0)).all(axis=2).sum() == AREA.width * AREA.height - 2


def test_what_is_painted_elsewhere_is_no_change(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, screen = desktop
    _read(pixels)
    beside = Area(AREA.x + AREA.width, AREA.y, 64, 64)
    _paint(screen, RED, *beside)
    _paint(screen, GREEN, AREA.x - 4, AREA.y - 4, 4, 200)
    for other in (beside, AREA):
        pixels.read(other, _memory(other))
        _paint(screen, RED, *beside)
        assert select.select([pixels], [], [], 60)[0]
        assert pixels.have_changed(other) == (other is beside)


def test_the_pointer_is_not_in_the_picture(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, screen = desktop
    _paint(screen, GREEN, *AREA)
    xtest.fake_input(screen.display, X.MotionNotify, x=AREA.x + 20, y=AREA.y + 20)
    screen.display.sync()
    assert (_read(pixels) == (0, 255, 0)).all()


def test_there_is_no_picture_of_what_lies_outside_of_the_desktop(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, screen = desktop
    width, height = screen.size()
    inside, outside = Area(width - 64, height - 64, 64, 64), Area(width - 64, height - 62, 64, 64)
    assert pixels.read(inside, _memory(inside))
    assert not pixels.read(outside, _memory(outside))
    # The next answer is that of the next question.
    assert pixels.read(inside, _memory(inside))


def test_what_all_programs_are_told_is_no_picture(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, screen = desktop
    _paint(screen, GREEN, *AREA)
    # All are sent an event, whether they asked for it or not.
    screen.display.set_pointer_mapping(screen.display.get_pointer_mapping())
    screen.display.sync()
    assert (_read(pixels) == (0, 255, 0)).all()


def test_the_end_of_the_desktop_is_told(desktop: Tuple[Pixels, Screen]) -> None:
    pixels, _ = desktop
    lifecycle.stop("main")
    with pytest.raises(ConnectionClosedError):
        _read(pixels)
