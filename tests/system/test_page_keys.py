"""The keyboard, fingers and files: what goes to the desktop, and how it is got back."""

from __future__ import annotations

import select
import time
from pathlib import Path
from typing import Any, Callable, List, Sequence

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from Xlib import XK, X

from ..support.lab import Jupyter, decode
from ..support.pages import DesktopPage, Painting
from ..support.screen import Screen

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")


class Listener:
    """A window over all of the desktop that takes the keyboard, and notes what is pressed.

    It needs a connection of its own, on which nobody else waits for events.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        mask = X.KeyPressMask | X.KeyReleaseMask | X.ButtonPressMask
        depth = screen.display.screen().root_depth
        self.window = screen.root.create_window(
            0, 0, 3000, 3000, 0, depth, override_redirect=True, event_mask=mask, background_pixel=0x204060
        )
        self.window.map()
        screen.display.sync()
        self.window.set_input_focus(X.RevertToPointerRoot, X.CurrentTime)
        screen.display.sync()
        self.seen: List[str] = []

    def wait_for(self, *wanted: str, timeout: float = 30) -> None:
        """Wait until these, like ``+a`` and ``-a``, were seen in this order, with others between them or not."""
        deadline = time.monotonic() + timeout
        while not _is_within(wanted, self.seen):
            left = deadline - time.monotonic()
            ready = (
                self.screen.display.pending_events() or select.select([self.screen.display], [], [], max(left, 0))[0]
            )
            assert ready, f"{wanted} was not pressed, but {self.seen}"
            self._note(self.screen.display.next_event())

    def _note(self, event: Any) -> None:
        if event.type == X.ButtonPress:
            self.seen.append(f"button {event.detail} at {event.root_x},{event.root_y}")
        elif event.type in (X.KeyPress, X.KeyRelease):
            symbol = self.screen.display.keycode_to_keysym(event.detail, 0)
            sign = "+" if event.type == X.KeyPress else "-"
            self.seen.append(sign + (XK.keysym_to_string(symbol) or NAMES.get(symbol, hex(symbol))))


NAMES = {getattr(XK, f"XK_{name}"): name for name in ("Control_L", "Alt_L", "Shift_L", "Delete", "F4", "Super_L")}


def _is_within(wanted: Sequence[str], seen: Sequence[str]) -> bool:
    rest = iter(seen)
    return all(each in rest for each in wanted)


@pytest.fixture
def page(context: BrowserContext, jupyter: Jupyter) -> DesktopPage:
    return DesktopPage(context, jupyter).open()


def test_keys_typed_on_the_canvas_reach_the_desktop(page: DesktopPage, screen: Callable[[], Screen]) -> None:
    listener = Listener(screen())
    page.canvas.click((300, 200))
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("a")
    listener.wait_for("+a", "-a")
    assert page.page.evaluate("document.activeElement.localName") == "canvas", "Tab is the desktop's"


def test_ctrl_alt_shift_gives_the_keyboard_back_and_leaves_no_key_down(
    page: DesktopPage, screen: Callable[[], Screen]
) -> None:
    listener = Listener(screen())
    page.canvas.click((300, 200))
    for key in ("Control", "Alt", "Shift"):
        page.page.keyboard.down(key)
    expect(page.tool("Special keys")).to_be_focused()
    listener.wait_for("+Control_L", "-Control_L")
    listener.wait_for("+Alt_L", "-Alt_L")
    for key in ("Shift", "Alt", "Control"):
        page.page.keyboard.up(key)
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("dialog", name="Clipboard")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.tool("Clipboard")).to_be_focused()


def test_canvas_says_how_to_leave_it(page: DesktopPage) -> None:
    canvas = page.page.get_by_role("application", name="CASA Desktop main")
    expect(canvas).to_have_accessible_description("Press Ctrl, Alt and Shift together to leave it.")


def test_special_keys_are_pressed_on_the_desktop(page: DesktopPage, screen: Callable[[], Screen]) -> None:
    listener = Listener(screen())
    page.tool("Special keys").click()
    panel = page.page.get_by_role("dialog", name="Special keys")
    panel.get_by_role("button", name="Ctrl", exact=True).click()
    expect(panel.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "true")
    panel.get_by_role("button", name="F4", exact=True).click()
    listener.wait_for("+Control_L", "+F4", "-F4", "-Control_L")
    panel.get_by_role("button", name="Ctrl+Alt+Del").click()
    # The window manager takes the Delete, and the keyboard with it.
    listener.wait_for("-Control_L", "+Control_L", "+Alt_L")


def test_without_keyboard_capture_shortcuts_stay_with_the_browser(
    page: DesktopPage, screen: Callable[[], Screen]
) -> None:
    listener = Listener(screen())
    page.tool("Keyboard capture").click()
    expect(page.tool("Keyboard capture")).to_have_attribute("aria-pressed", "false")
    page.page.evaluate("addEventListener('keydown', event => { window.free = !event.defaultPrevented; }, true)")
    page.canvas.click((300, 200))
    page.page.keyboard.press("Control+B")
    page.page.keyboard.press("a")
    listener.wait_for("+a")
    assert "+b" not in listener.seen


def test_full_screen_is_the_views_and_is_left_by_its_button(page: DesktopPage, screen: Callable[[], Screen]) -> None:
    page.tool("Full screen").click()
    page.page.wait_for_function("document.fullscreenElement?.classList.contains('casa-desktop-View')")
    page.page.mouse.move(960, 2)
    page.tool("Full screen").click()
    page.page.wait_for_function("document.fullscreenElement === null")


def test_tap_of_a_finger_is_a_click_and_buttons_are_large_enough(
    browser: Browser, jupyter: Jupyter, screen: Callable[[], Screen]
) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 600}, has_touch=True, is_mobile=True)
    page = DesktopPage(context, jupyter).open()
    here = screen()
    page.canvas.wait_for_size_of(here)
    listener = Listener(screen())
    page.canvas.locator.tap(position={"x": 200, "y": 150})
    listener.wait_for("button 1 at 200,150")
    box = page.tool("On-screen keyboard").bounding_box()
    assert box is not None
    assert box["width"] >= 40
    assert box["height"] >= 40
    page.tool("On-screen keyboard").tap()
    page.page.keyboard.insert_text("e")
    listener.wait_for("+e", "-e")
    context.close()


def test_file_that_is_dropped_lands_in_the_folder_and_overwrites_nothing(
    context: BrowserContext, jupyter: Jupyter, place: Path
) -> None:
    folder = jupyter.root / "data"
    folder.mkdir(exist_ok=True)
    (folder / "m31.fits").write_bytes(b"older")
    page = DesktopPage(context, jupyter).open(query="&folder=data")
    content = bytes(range(256)) * 16_000
    (place / "m31.fits").write_bytes(content)
    page.page.evaluate("document.body.append(Object.assign(document.createElement('input'), {type: 'file', id: 'f'}))")
    page.page.locator("#f").set_input_files(place / "m31.fits")
    page.page.evaluate(_DROP)
    expect(page.page.get_by_text("data/m31-1.fits")).to_be_visible()
    assert (folder / "m31-1.fits").read_bytes() == content
    assert (folder / "m31.fits").read_bytes() == b"older"


# A browser lets no script make up a drop of files, but for those that a field has been given.
_DROP = """() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(document.getElementById('f').files[0]);
    const target = document.querySelector('.casa-desktop-Frame canvas');
    for (const type of ['dragenter', 'dragover', 'drop']) {
        target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
}"""


def test_file_for_a_folder_that_is_not_there_is_refused_in_a_sentence(
    context: BrowserContext, jupyter: Jupyter, place: Path
) -> None:
    page = DesktopPage(context, jupyter).open(query="&folder=nowhere")
    page.page.evaluate("document.body.append(Object.assign(document.createElement('input'), {type: 'file', id: 'f'}))")
    (place / "a.fits").write_bytes(b"a")
    page.page.locator("#f").set_input_files(place / "a.fits")
    page.page.evaluate(_DROP)
    expect(page.page.get_by_text("There is no such folder on the server.")).to_be_visible()


def test_snapshot_is_downloaded_and_is_what_the_desktop_shows(
    page: DesktopPage, screen: Callable[[], Screen], tmp_path: Path
) -> None:
    here = screen()
    page.canvas.wait_for_size_of(here)
    Painting(screen())
    here.wait_until_still()
    before = here.pixels()
    with page.page.expect_download() as download:
        page.tool("Snapshot").click()
    download.value.save_as(tmp_path / "shot.png")
    assert download.value.suggested_filename.startswith("casa-desktop-main-")
    saved = decode((tmp_path / "shot.png").read_bytes())
    # The clock may have begun another minute, before it was taken or after.
    assert any(np.array_equal(saved, each) for each in (before, here.pixels()))


def test_desktop_is_stopped_only_after_a_question_and_can_be_started_again(
    page: DesktopPage, desktop: Callable[..., str]
) -> None:
    page.tool("Stop or restart the desktop").click()
    panel = page.page.get_by_role("dialog", name="Stop or restart the desktop?")
    expect(panel).to_contain_text("nothing in them is saved")
    panel.get_by_role("button", name="Stop", exact=True).click()
    expect(page.page.get_by_text("The desktop has stopped.")).to_be_visible()
    assert "main" not in desktop("status")
    page.page.get_by_role("button", name="Start it again").click()
    page.wait_for_state("connected")


def test_restart_says_that_the_desktop_is_another_one(page: DesktopPage) -> None:
    page.jupyter.ask("casa-desktop/api/desktops/main", "DELETE")
    page.wait_for_state("failed")
    page.jupyter.ask("casa-desktop/api/desktops", "POST", {"name": "main"})
    page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_state("connected")
    expect(page.page.get_by_text("The desktop was restarted")).to_be_visible()
