"""What one test's pages leave in the profile that all share."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from ..support import profiles
from ..support.lab import Jupyter

REMEMBER = "localStorage.mine = 'kept'; document.cookie = 'mine=kept; max-age=1000'"
REMEMBERED = "[localStorage.mine ?? '', document.cookie]"


def test_pages_cookies_and_storage_end_with_a_test(profile: BrowserContext, jupyter: Jupyter) -> None:
    (page,) = profile.pages
    login = jupyter.url + "login"
    page.goto(login)
    page.evaluate(REMEMBER)
    profile.grant_permissions(["notifications"], origin=jupyter.url)
    more = profile.new_page()
    more.goto(login)
    stored, cookies = more.evaluate(REMEMBERED)
    assert stored == "kept"
    assert "mine=kept" in cookies
    assert more.evaluate("Notification.permission") == "granted"

    profiles.empty(profile)
    (page,) = profile.pages
    page.goto(login)
    stored, cookies = page.evaluate(REMEMBERED)
    assert stored == ""
    assert "mine" not in cookies
    assert page.evaluate("Notification.permission") != "granted"
    profiles.empty(profile)
