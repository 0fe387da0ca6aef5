"""The desktop behind JupyterHub: the hub's own login, its prefix in every address, and what guests get to see."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.hub import Hub
from ..support.lab import ask


@pytest.fixture
def hub(place: Path, environment: Dict[str, str], desktop: Callable[..., str]) -> Iterator[Hub]:
    """A hub on which ada lets her guest into her server, with the rule that guests may follow links and no more."""
    folder = place / "hub"
    folder.mkdir()
    with Hub(
        folder, environment, ["guest"], ["--ServerApp.authorizer_class=casa_desktop.web.guests.GuestsLook"]
    ) as running:
        yield running


@pytest.fixture
def page_of(browser: Browser, hub: Hub) -> Iterator[Callable[[str], Page]]:
    """Returns a page of a browser in which a user has logged in."""
    contexts = []

    def log_in(user: str) -> Page:
        contexts.append(browser.new_context())
        page: Page = contexts[-1].new_page()
        hub.log_in(page, user)
        return page

    yield log_in
    for context in contexts:
        context.close()


def test_behind_a_hub_the_owner_sees_the_desktop_and_guests_what_a_link_shows(
    hub: Hub, page_of: Callable[[str], Page]
) -> None:
    ada = page_of("ada")
    address = hub.start_server("ada")
    ada.goto(f"{address}casa-desktop/")
    _wait_for_state(ada, "connected")

    shares, token = f"{address}casa-desktop/api/desktops/main/shares", hub.token("ada")
    share = ask(shares, token, "POST", {"minutes": 5, "label": "for a guest"})
    link = hub.url.rstrip("/") + share["url"]

    # Whom the hub does not let into ada's server the link does not let in either.
    assert _status(page_of("eve"), link) == 403
    guest = page_of("guest")
    guest.goto(link)
    # The hub asks who enters somebody else's server for the first time.
    guest.get_by_role("button", name="Authorize").click()
    _wait_for_state(guest, "connected")
    assert _status(guest, f"{address}casa-desktop/") == 403
    assert _status(guest, f"{address}casa-desktop/api/desktops/main/screenshot.png") == 403
    for path in ("lab", "tree", "api/kernels", "api/contents", "proxy/1/", "lab/api/extensions"):
        assert guest.request.get(f"{address}{path}").status == 403, path
    # With the server's own token in its page a guest would be ada.
    for path in (f"casa-desktop/shared/{'0' * 43}/", "no-such-page"):
        assert _status(guest, f"{address}{path}") == 404
        assert "data-jupyter-api-token" not in guest.content()
    assert _status(ada, f"{address}lab") == 200
    ada.goto(f"{address}casa-desktop/")
    _wait_for_state(ada, "connected")

    guest.goto(link)
    _wait_for_state(guest, "connected")
    ask(f"{shares}/{share['id']}", token, "DELETE")
    _wait_for_state(guest, "failed")
    expect(guest.get_by_text("withdrawn")).to_be_visible()
    assert ada.locator("body").get_attribute("data-state") == "connected"


def _status(page: Page, address: str) -> int:
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def _wait_for_state(page: Page, state: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=30_000)
