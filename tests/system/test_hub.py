"""The desktop behind JupyterHub: the hub's own login, its prefix in every address, and its idea of activity."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .hub import Hub


@pytest.fixture
def hub(place: Path, environment: Dict[str, str], desktop: Callable[..., str]) -> Iterator[Hub]:
    folder = place / "hub"
    folder.mkdir(exist_ok=True)
    with Hub(folder, environment) as running:
        yield running


def _connected(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("body")).to_have_attribute("data-state", "connected", timeout=30_000)


def test_the_desktop_opens_behind_a_hub_for_its_owner_and_for_nobody_else(hub: Hub, context: BrowserContext) -> None:
    page = context.new_page()
    hub.log_in(page, "ada")
    address = hub.start_server("ada") + "casa-desktop/"
    _connected(page, address)
    assert context.browser is not None
    stranger = context.browser.new_context()
    other = stranger.new_page()
    other.goto(address)
    assert "/hub/login" in other.url
    hub.log_in(other, "eve")
    answer = other.goto(address)
    assert answer is not None
    assert answer.status == 403
    assert other.locator("canvas").count() == 0
    stranger.close()
