from __future__ import annotations

from pathlib import Path

import pytest
from Xlib import X, display

from casa_desktop.desktop import lifecycle
from casa_desktop.runtime.settings import Settings
from casa_desktop.x11.fitting import Box, fitted

from ...support.living import started

AREA = Box(0, 0, 800, 574)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(10, 10, 300, 200), Box(10, 10, 300, 200)),
        (Box(700, 500, 300, 200), Box(500, 374, 300, 200)),
        (Box(200, 100, 1200, 850), Box(0, 0, 800, 574)),
        (Box(-50, -20, 300, 200), Box(0, 0, 300, 200)),
        (Box(100, 50, 790, 100), Box(10, 50, 790, 100)),
    ],
)
def test_a_window_is_moved_and_shrunk_no_more_than_it_takes(box: Box, expected: Box) -> None:
    assert fitted(box, AREA) == expected


def test_a_window_follows_a_desktop_that_becomes_smaller(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = lifecycle.ensure(settings=Settings(geometry="1600x900"))
    for key, value in lifecycle.environment(record).items():
        monkeypatch.setenv(key, value)
    connection = display.Display(record.display)
    with started(["xterm", "-geometry", "150x50+300+50", "-fa", "Monospace", "-fs", "11"]) as program:
        window = _first_window(connection)
        window.change_attributes(event_mask=X.StructureNotifyMask)
        assert window.get_geometry().width > 1000
        _resize(connection, 800, 600)
        # The test's own time limit ends the wait where the window never comes to lie on the desktop.
        while not _lies_within(connection, window, 800, 600):
            connection.next_event()
        program.kill()
    connection.close()


def _first_window(connection: display.Display) -> object:
    screen = connection.screen().root
    listed = connection.intern_atom("_NET_CLIENT_LIST")
    screen.change_attributes(event_mask=X.PropertyChangeMask)
    while True:
        found = screen.get_full_property(listed, X.AnyPropertyType)
        if found is not None and len(found.value):
            return connection.create_resource_object("window", found.value[0])
        connection.next_event()


def _resize(connection: display.Display, width: int, height: int) -> None:
    """Give the desktop one of the sizes that Xvnc offers."""
    screen = connection.screen().root
    offer = screen.xrandr_get_screen_info()
    [number] = [
        index
        for index, size in enumerate(offer.sizes)
        if (size.width_in_pixels, size.height_in_pixels) == (width, height)
    ]
    screen.xrandr_set_screen_config(number, 1, offer.config_timestamp)


def _lies_within(connection: display.Display, window: object, width: int, height: int) -> bool:
    geometry = window.get_geometry()  # type: ignore[attr-defined]
    origin = window.translate_coords(connection.screen().root, 0, 0)  # type: ignore[attr-defined]
    return -origin.x >= 0 and -origin.x + geometry.width <= width and -origin.y + geometry.height <= height
