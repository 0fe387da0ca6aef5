"""Everything on a desktop drawn larger. Windows are real ones: xterm's, and IceWM's frames around them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest
from Xlib import X, Xatom

from casa_desktop import errors
from casa_desktop.desktop import lifecycle, scaling
from casa_desktop.runtime.record import Record
from casa_desktop.x11 import icewm
from casa_desktop.x11.icewm import THEME_FOLDER
from casa_desktop.x11.scale_program import set_dpi
from casa_desktop.x11.windows import Screen

XTERM = ["xterm", "-fa", "Monospace", "-fs", "11", "-geometry", "40x10"]


@pytest.fixture
def record(root: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    record = lifecycle.ensure()
    for key, value in lifecycle.environment(record).items():
        monkeypatch.setenv(key, value)
    return record


@pytest.fixture
def screen(record: Record) -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.display.close()


@pytest.fixture
def terminals() -> Iterator[List[subprocess.Popen[bytes]]]:
    started: List[subprocess.Popen[bytes]] = []
    yield started
    for each in started:
        each.kill()
        each.wait()


def opened(screen: Screen, terminals: List[subprocess.Popen[bytes]]) -> Tuple[int, int]:
    """Open a terminal; return its width, and the height of the bar above it."""
    terminals.append(subprocess.Popen(XTERM, stderr=subprocess.DEVNULL))
    count = len(terminals)
    # The window manager tells of a window when it has put its frame around it.
    while len(screen.numbers(screen.root, "_NET_CLIENT_LIST")) < count:
        screen.display.next_event()
    window = screen.resource(screen.numbers(screen.root, "_NET_CLIENT_LIST")[-1])
    return window.get_geometry().width, screen.numbers(window, "_NET_FRAME_EXTENTS")[2]


def wait_for_the_window_manager(screen: Screen) -> None:
    """Wait until a window manager announces itself, which the first one has done before."""
    # The test's own time limit ends the wait where none comes.
    while not _announces(screen, screen.display.next_event()):
        pass


def _announces(screen: Screen, event: Any) -> bool:
    mark = screen.atom("_NET_SUPPORTING_WM_CHECK")
    return event.type == X.PropertyNotify and event.atom == mark and event.state == X.PropertyNewValue


def test_terminals_and_frames_become_larger_and_smaller_again(
    record: Record, screen: Screen, terminals: List[subprocess.Popen[bytes]]
) -> None:
    width, bar = opened(screen, terminals)
    sizes = []
    for ratio in (2, 1):
        scaling.set_scale(record, ratio)
        wait_for_the_window_manager(screen)
        sizes.append(opened(screen, terminals))
    assert sizes[0] == (pytest.approx(2 * width, rel=0.1), pytest.approx(2 * bar, rel=0.1))
    assert sizes[1] == (width, bar)


def test_the_same_scale_again_changes_nothing(record: Record, screen: Screen) -> None:
    for ratio, changes in ((1, False), (1.5, True), (1.5, False), (1, True)):
        assert set_dpi(screen.display, ratio) is changes


def test_a_page_on_a_plain_screen_costs_a_plain_desktop_no_process(
    record: Record, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each page says its scale while it waits for its first picture.
    with monkeypatch.context() as patch:
        patch.setattr(scaling, "_command", lambda name, ratio: ["false"])
        scaling.set_scale(record, 1)
        with pytest.raises(errors.ScalingFailed):
            scaling.set_scale(record, 2)
    scaling.set_scale(record, 2)
    scaling.set_scale(record, 1)
    assert not set_dpi(screen.display, 1)


def test_other_resources_are_left_alone(record: Record, screen: Screen) -> None:
    screen.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, b"XTerm*x: 1\nXft.dpi: 80\nXft.hinting: 1\n")
    screen.display.sync()
    for ratio, dpi in ((2, b"Xft.dpi:\t192\n"), (1, b"")):
        scaling.set_scale(record, ratio)
        told = screen.root.get_full_property(Xatom.RESOURCE_MANAGER, X.AnyPropertyType)
        assert bytes(told.value) == b"XTerm*x: 1\nXft.hinting: 1\n" + dpi


def test_a_desktop_that_has_gone_is_one_clear_error(record: Record) -> None:
    lifecycle.stop()
    with pytest.raises(errors.ScalingFailed, match="The windows of the desktop 'main' could not be drawn"):
        scaling.set_scale(record, 2)


@pytest.mark.parametrize("picture", sorted(THEME_FOLDER.rglob("*.xpm")), ids=lambda path: path.stem)
@pytest.mark.parametrize("scale", [1.5, 2, 3])
def test_a_picture_of_the_theme_has_its_pixels_multiplied(picture: Path, scale: float) -> None:
    text = picture.read_text()
    head, *rows = re.findall(r'"(.*)"', icewm.scaled_xpm(text, scale))
    before, *_ = re.findall(r'"(.*)"', text)
    width, height, colours, _ = map(int, head.split())
    assert [width, height] == [round(int(number) * scale) for number in before.split()[:2]]
    assert {len(row) for row in rows[colours:]} == {width}
    assert len(rows) == colours + height
    assert icewm.scaled_xpm(text, 1).split('"')[1::2] == text.split('"')[1::2]


def test_a_theme_s_sizes_are_multiplied_and_its_colours_are_not() -> None:
    text = (THEME_FOLDER / "default.theme").read_text()
    grown = icewm.scaled_theme(text, 2)
    assert "TitleBarHeight=52\n" in grown
    assert "DlgBorderSizeX=6\n" in grown
    assert grown.count("rgb:2f/4a/6d") == text.count("rgb:2f/4a/6d")
    assert 'Theme="casa-2/default.theme"' in icewm.preferences(2)
    assert icewm.preferences() == icewm.preferences(1) == icewm.PREFERENCES
