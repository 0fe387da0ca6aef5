"""Pictures of windows on a real desktop, drawn by small X programs."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest
from PIL import Image

from casa_desktop import errors
from casa_desktop.__main__ import main
from casa_desktop.desktop import lifecycle
from casa_desktop.runtime.record import Record
from casa_desktop.x11 import screenshots

# Fills a window of 300 x 200 with a colour, tells that it is mapped, and is called by its first argument.
PROGRAM = """
import os, sys
from Xlib import X, Xatom
from Xlib.display import Display
display = Display()
root = display.screen()
window = root.root.create_window(40, 40, 300, 200, 0, root.root_depth, background_pixel=int(sys.argv[2], 16),
                                 event_mask=X.StructureNotifyMask)
window.set_wm_name(sys.argv[1])
window.set_wm_class(sys.argv[1].lower(), "Test")
window.change_property(display.intern_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [os.getpid()])
sys.stdin.readline()
window.map()
while display.next_event().type != X.MapNotify:
    pass
print("mapped", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def desktop(root: Path) -> Record:
    return lifecycle.ensure()


@contextmanager
def program(desktop: Record, title: str, colour: str) -> Iterator[subprocess.Popen[str]]:
    """A program whose window opens when it is sent a line."""
    env = {**lifecycle.environment(desktop), "PATH": ""}
    argv = [sys.executable, "-c", PROGRAM, title, colour]
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def show(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "mapped\n"


def colours(picture: bytes) -> set[tuple[int, ...]]:
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (300, 200)
        return {colour for _, colour in image.getcolors() or ()}  # type: ignore[misc]


def test_a_window_is_pictured_alone_whatever_covers_it(desktop: Record) -> None:
    with program(desktop, "Red", "ff0000") as red, program(desktop, "Blue", "0000ff") as blue:
        show(red)
        show(blue)
        assert screenshots.titles(desktop) == ["Blue", "Red"]
        assert colours(screenshots.screenshot(desktop, "red")) == {(255, 0, 0)}
        # The program's name will do as well as the title, and the topmost window wins.
        assert colours(screenshots.screenshot(desktop, "Test")) == {(0, 0, 255)}


def test_a_window_that_is_not_there_is_told_with_those_that_are(desktop: Record) -> None:
    with program(desktop, "Red", "ff0000") as red:
        show(red)
        with pytest.raises(errors.NoSuchWindow) as missing:
            screenshots.screenshot(desktop, "plotms")
    assert missing.value.titles == ("Red",)


def test_a_glimpse_waits_for_the_window_of_the_process(desktop: Record) -> None:
    with program(desktop, "Red", "ff0000") as red, program(desktop, "Blue", "0000ff") as blue:
        show(blue)
        glimpse = screenshots.Glimpse(desktop)
        show(red)
        picture = glimpse.of([red.pid])
        glimpse.close()
    assert picture is not None
    assert colours(picture) == {(255, 0, 0)}


def test_a_glimpse_of_nothing_is_none(desktop: Record) -> None:
    glimpse = screenshots.Glimpse(desktop)
    assert glimpse.of([]) is None
    glimpse.close()
    glimpse = screenshots.Glimpse(desktop)
    lifecycle.stop()
    assert glimpse.of([1]) is None
    glimpse.close()


def test_a_picture_goes_to_standard_output_for_another_program(
    desktop: Record, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["screenshot", "-"]) == 0
    printed, shown = capsysbinary.readouterr().out, screenshots.screenshot(desktop)
    with Image.open(io.BytesIO(printed)) as picture, Image.open(io.BytesIO(shown)) as same:
        assert picture.size == same.size
