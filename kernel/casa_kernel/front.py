"""The kernel's interface to the notebook, and the messages about the desktop that it shows there."""

from __future__ import annotations

import html
from typing import Any, Dict, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple

from .drawing.pictures import Picture

# The width of a live window's picture in the cell, in CSS pixels.
_THUMBNAIL = 400


class Way(NamedTuple):
    """A link to a desktop's page.

    Attributes:
        url: the address.
        when: what follows the link: where it works; empty if it works wherever the notebook is.
        command: a command to run first, at the end of ``when``.
    """

    url: str
    when: str = ""
    command: str = ""

    def plain(self) -> str:
        """Return it as text."""
        return f"{self.url}{self.when}{self.command}"

    def linked(self) -> str:
        """Return it as HTML."""
        link = f'<a href="{html.escape(self.url)}" target="_blank" rel="noopener">open in a browser tab</a>'
        command = f"<code>{html.escape(self.command)}</code>" if self.command else ""
        return f"{link}{html.escape(self.when)}{command}"


class Front(Protocol):
    """The notebook's operations for the kernel; implemented by ``jupyter.notebook``.

    Attributes:
        pixel_ratio: the browser's pixels for each CSS pixel, in one direction; 1.0 until the browser has reported it.
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
            display_id: an id by which it can be replaced later.
            update: replace the bundle with that id.
        """

    def open_desktop(self, name: str) -> None:
        """Ask the browser to bring the desktop's tab to the front; do not wait for an answer."""


def thumbnail(picture: bytes, alt: str) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the MIME bundle of a picture that the notebook keeps, and its metadata.

    Args:
        picture: the picture of the window, PNG. It is kept as it is and shown smaller.
        alt: a description of its content.
    """
    full = Picture("image/png", picture).size()
    shown = min(full["width"], _THUMBNAIL)
    size = {"width": shown, "height": round(full["height"] * shown / full["width"])}
    return {"image/png": picture, "text/plain": alt}, {"image/png": {"alt": alt, **size}}


def notice(text: str, name: str, ways: Sequence[Way]) -> Tuple[Dict[str, str], Dict[str, Any]]:
    """Return the MIME bundle of ``text`` with links to the page of the desktop ``name``, and its metadata."""
    plain = "; ".join(each.plain() for each in ways)
    links = "; ".join(each.linked() for each in ways)
    data = {
        "text/plain": f"{text} ({plain})",
        "text/html": f'<small class="casa-desktop-notice">{html.escape(text)} ({links})</small>',
    }
    # A secret in a link is for the cell alone.
    return data, {"casa-desktop": {"desktop": name, "url": ways[0].url.partition("?")[0]}}
