"""How the image of a mask editor gets the unused room; the whole of it is seen in test_viewer_preferences.py."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import Any, Callable, Dict, Iterator

import pytest
from casa_kernel.interactive import editor_size
from casa_kernel.tools.viewer_preferences import SEPARATOR
from Xlib import X, Xutil
from Xlib.display import Display

from ...support.screen import authority

HEIGHT = 300
# The program, which says when it waits, and when it has looked at a window.
PROGRAM = f"""
from casa_kernel.interactive import editor_size

def wait(*arguments, does=editor_size._Desktop.wait):
    print("waits", flush=True)
    return does(*arguments)

def make_room(*arguments, does=editor_size.make_room):
    try:
        return does(*arguments)
    finally:
        print("has looked", flush=True)

editor_size._Desktop.wait, editor_size.make_room = wait, make_room
editor_size.main({SEPARATOR!r})
"""


@pytest.fixture
def desktop(environment: Dict[str, str], record: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """A desktop's record."""
    subprocess.run([sys.executable, "-m", "casa_desktop", "start"], env=environment, check=True)
    return record()


@pytest.fixture
def display(desktop: Dict[str, Any]) -> Iterator[Display]:
    """A connection to its X server."""
    with authority(desktop["xauthority"]):
        display = Display(desktop["display"])
    yield display
    display.close()


@pytest.fixture
def says(desktop: Dict[str, Any]) -> Iterator[Callable[[bytes], None]]:
    """Waits until the program has said something; it runs, and waits for windows."""
    variables = {**os.environ, "DISPLAY": desktop["display"], "XAUTHORITY": desktop["xauthority"]}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=variables, stdout=subprocess.PIPE) as program:
        lines = program.stdout
        assert lines is not None

        def says(words: bytes) -> None:
            assert any(line == words + b"\n" for line in iter(lines.readline, b""))

        try:
            says(b"waits")
            yield says
        finally:
            program.kill()


@pytest.fixture
def window(display: Display) -> Any:
    """A window that is called as the viewer's, and is a separator all over; it is not mapped."""
    screen = display.screen()
    window = screen.root.create_window(
        0,
        0,
        400,
        HEIGHT,
        0,
        screen.root_depth,
        background_pixel=int(SEPARATOR[1:], 16),
        # What was drawn stays, as in Qt's windows: the X server draws nothing when it becomes lower.
        bit_gravity=X.NorthWestGravity,
        event_mask=X.StructureNotifyMask,
    )
    title = display.intern_atom("_NET_WM_NAME")
    window.change_property(title, display.intern_atom("UTF8_STRING"), 8, b"Viewer Display Panel (1)")
    window.set_wm_protocols([display.intern_atom("_NET_WM_PING")])
    return window


def await_ping(display: Display) -> Any:
    """Return the next ping, unanswered."""
    while True:
        event = display.next_event()
        if event.type == X.ClientMessage:
            return event


def answer(display: Display, ping: Any) -> None:
    """Answer a ping as the viewer does, which tells nothing of what it has drawn."""
    root = display.screen().root
    ping.window = root
    root.send_event(ping, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
    display.flush()


def test_an_editor_that_is_listed_before_it_can_be_seen_gets_room_once_it_is_seen(
    display: Display, window: Any, says: Callable[[bytes], None]
) -> None:
    # The window manager lists it, and does not map it.
    window.set_wm_hints(flags=Xutil.StateHint, initial_state=Xutil.IconicState)
    window.map()
    display.flush()
    says(b"has looked")
    assert window.get_attributes().map_state != X.IsViewable
    window.map()
    assert await_ping(display).data[1][2] == window.id


@pytest.mark.usefixtures("says")
def test_a_height_is_followed_by_the_next_one_only_when_the_window_is_drawn_in_it(
    display: Display, window: Any
) -> None:
    window.map()
    lower = HEIGHT - editor_size._STEP
    while window.get_geometry().height != lower:
        # A drag is answered, and changes nothing.
        event = display.next_event()
        if event.type == X.ClientMessage:
            answer(display, event)
    # As while an image is drawn in a window that has not divided its room yet.
    window.clear_area(0, 0, 400, 40)
    display.flush()
    while select.select([display.fileno()], [], [], 0.5)[0]:
        for _ in range(display.pending_events()):
            assert display.next_event().type != X.ClientMessage
    assert window.get_geometry().height == lower
    window.clear_area(0, 0, 400, lower)
    for _ in range(editor_size._ROUNDS):
        answer(display, await_ping(display))
    while window.get_geometry().height != HEIGHT:
        display.next_event()
