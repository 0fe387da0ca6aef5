"""The page of a server whose administrator has switched things off: it does not offer what the server refuses."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from ..support.lab import Jupyter
from ..support.pages import DesktopPage

# All of them start desktops, which are to end with the test.
pytestmark = pytest.mark.usefixtures("desktop")

LIMITED = "--CasaDesktop.lifetime_minutes=90"
OFF = ("clipboard_in", "clipboard_out", "uploads", "downloads", "sharing")
_DROP = """canvas => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(['of the browser'], 'mine.txt'));
  for (const type of ['dragenter', 'dragover', 'drop']) {
    canvas.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def switched_off(environment: Dict[str, str], tmp_path: Any) -> Iterator[Jupyter]:
    with Jupyter(tmp_path, environment, [LIMITED, *(f"--CasaDesktop.{name}=False" for name in OFF)]) as server:
        yield server


def test_what_is_switched_off_has_no_button_and_a_drop_is_refused_in_a_sentence(
    context: BrowserContext, switched_off: Jupyter, screen: Callable[..., Any]
) -> None:
    page = DesktopPage(context, switched_off).open()
    for name in ("Clipboard", "Snapshot", "Share"):
        expect(page.tool(name)).to_have_count(0)
    expect(page.tool("Special keys")).to_be_visible()
    # The toolbar tells the memory in use, and the time until the desktop is ended.
    info = page.page.locator(".casa-desktop-Info")
    expect(info).to_contain_text(re.compile(r"^[0-9.]+ of [0-9.]+ GB · [78][0-9] min left · "))
    page.canvas.locator.evaluate(_DROP)
    expect(page.page.get_by_text("Uploads of files are switched off on this server.").first).to_be_visible()
    assert not (switched_off.root / "mine.txt").exists()
    # The picture is that of the desktop.
    page.wait_until_equal(screen())
