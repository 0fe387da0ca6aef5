"""A profile of Chromium's that several tests use, one after the other."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext

# What pages leave on the disk, beside cookies. Scripts that are compiled stay.
_KEPT = "file_systems,indexeddb,local_storage,service_workers,cache_storage"


def empty(profile: BrowserContext) -> None:
    """Close all pages, and remove what they have left; a blank page stays, without which Chromium would end."""
    pages = profile.pages
    blank = profile.new_page()
    origins = {f"{url.scheme}://{url.netloc}" for url in (urlsplit(page.url) for page in pages) if url.netloc}
    for page in pages:
        page.close()
    profile.clear_cookies()
    profile.clear_permissions()
    devtools = profile.new_cdp_session(blank)
    for origin in origins:
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": _KEPT})
    devtools.detach()
