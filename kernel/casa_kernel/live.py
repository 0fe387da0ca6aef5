"""The desktop as the kernel sees it: start it, find its display, tell the user where it is."""

from __future__ import annotations

import html
from typing import Any, Dict, Mapping, Optional, Protocol, Tuple

from casa_desktop import session

DESKTOP = "main"


class Front(Protocol):
    """What the kernel can do with the notebook; ``kernel`` implements it."""

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
