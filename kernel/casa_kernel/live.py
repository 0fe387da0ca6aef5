"""The desktop as the kernel sees it: start it, find its display, tell the user where it is."""

from __future__ import annotations

import html
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Protocol, Tuple

from casa_desktop import session
from casa_desktop.errors import NotRunning
from casa_desktop.session import Glimpse

from .capture import Picture

DESKTOP = "main"
# How wide a live window's picture is shown in the cell, in CSS pixels.
_THUMBNAIL = 400


class Front(Protocol):
    """What the kernel can do with the notebook; ``notebook`` implements it.

    Attributes:
        pixel_ratio: the browser's pixels for each CSS pixel, in one direction; 1.0 until it has told.
    """

    pixel_ratio: float

    def say(self, text: str) -> None:
        """Print a line into the cell."""

    def show(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        display_id: Optional[str] = None,
        update: bool = False,
    ) -> None:
        """Put a MIME bundle into the cell.

        Args:
            data: the bundle.
            metadata: its metadata.
            display_id: a name under which it can be replaced later.
            update: replace what was shown under that name.
        """

    def open_desktop(self, name: str) -> None:
        """Ask the browser to bring the desktop's tab to the front; no answer is waited for."""


def is_watched() -> bool:
    """Tell whether a browser shows the desktop; does not start it."""
    return session.is_watched(DESKTOP)


def environment() -> Dict[str, str]:
    """Return the variables that put a program on the desktop, which is started if need be.

    Raises:
        CasaDesktopError: it cannot be started; the error says why.
    """
    return session.environment(session.ensure(DESKTOP))


def windows() -> List[str]:
    """Return the titles of the desktop's windows, the topmost one first; none if it is not running.

    Raises:
        ScreenshotFailed: the desktop does not answer.
    """
    record = session.find(DESKTOP)
    return session.titles(record) if record is not None else []


def snapshot(window: str = "") -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the MIME bundle of what is on the desktop now, and its metadata.

    Args:
        window: words in the title of the window that is wanted alone; empty for the whole desktop.

    Raises:
        NotRunning, NoSuchWindow, ScreenshotFailed: as they say.
    """
    record = session.find(DESKTOP)
    if record is None:
        raise NotRunning(DESKTOP)
    alt = f"The window {window!r} on the CASA Desktop" if window else "The CASA Desktop"
    return {"image/png": session.screenshot(record, window), "text/plain": alt}, {"image/png": {"alt": alt}}


@contextmanager
def glimpse() -> Iterator[Glimpse]:
    """Get ready to see the window that a tool is about to open on the running desktop."""
    record = session.find(DESKTOP)
    if record is None:
        raise NotRunning(DESKTOP)
    found = Glimpse(record)
    try:
        yield found
    finally:
        found.close()


def thumbnail(picture: bytes, alt: str) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the MIME bundle that keeps in the notebook what was seen, and its metadata.

    Args:
        picture: the window's, PNG. It is kept as it is and shown smaller.
        alt: what it shows, in words.
    """
    full = Picture("image/png", picture).size()
    shown = min(full["width"], _THUMBNAIL)
    size = {"width": shown, "height": round(full["height"] * shown / full["width"])}
    return {"image/png": picture, "text/plain": alt}, {"image/png": {"alt": alt, **size}}


def page_url(environ: Mapping[str, str]) -> str:
    """Return the path of the desktop's page on the Jupyter server that runs this kernel.

    The server tells its kernels in CASA_DESKTOP_URL; a hub tells them its own prefix.
    """
    told = environ.get("CASA_DESKTOP_URL")
    if told:
        return told
    return environ.get("JUPYTERHUB_SERVICE_PREFIX", "/") + "casa-desktop/"


def notice(text: str, url: str) -> Tuple[Dict[str, str], Dict[str, Any]]:
    """Return the MIME bundle that says ``text`` and links to the desktop, with its metadata."""
    link = f'<a href="{html.escape(url)}" target="_blank" rel="noopener">open in a browser tab</a>'
    data = {
        "text/plain": f"{text} ({url})",
        "text/html": f'<small class="casa-desktop-notice">{html.escape(text)} ({link})</small>',
    }
    return data, {"casa-desktop": {"desktop": DESKTOP, "url": url}}
