"""What the user is told of the desktop, and by whom: the notebook, as the kernel sees it, and what is put there."""

from __future__ import annotations

import html
from typing import Any, Dict, Mapping, Optional, Protocol, Tuple

from .capture import Picture

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


def notice(text: str, name: str, url: str) -> Tuple[Dict[str, str], Dict[str, Any]]:
    """Return the MIME bundle that says ``text`` and links to the page of the desktop ``name``, with its metadata."""
    link = f'<a href="{html.escape(url)}" target="_blank" rel="noopener">open in a browser tab</a>'
    data = {
        "text/plain": f"{text} ({url})",
        "text/html": f'<small class="casa-desktop-notice">{html.escape(text)} ({link})</small>',
    }
    return data, {"casa-desktop": {"desktop": name, "url": url}}
