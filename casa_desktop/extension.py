"""The Jupyter server extension: routes in, one environment variable out."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join

from .commands import IDLE_VARIABLE
from .config import CasaDesktop
from .handlers import (
    PAGE_FOLDER,
    DesktopsHandler,
    OneDesktopHandler,
    PageFileHandler,
    PageHandler,
    ScreenshotHandler,
)
from .proxy import DesktopSocketHandler

# Wider than a name may be: what does not fit is answered with our own clear error, not with a bare 404.
_NAME = r"([^/]{1,200})"


def routes(base_url: str) -> list[tuple[Any, ...]]:
    """Return the routes below ``<base_url>casa-desktop/``."""

    def below(*parts: str) -> str:
        return url_path_join(base_url, "casa-desktop", *parts)

    return [
        (below("api", "desktops") + "/?", DesktopsHandler),
        (below("api", "desktops", _NAME), OneDesktopHandler),
        (below("api", "desktops", _NAME, r"screenshot\.png"), ScreenshotHandler),
        (below("api", "desktops", _NAME, "rfb"), DesktopSocketHandler),
        (below("static", "(.*)"), PageFileHandler, {"path": str(PAGE_FOLDER)}),
        (below() + "/?", PageHandler),
        (below(_NAME) + "/?", PageHandler),
    ]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Add the desktop to a Jupyter server; called by Jupyter Server when it loads the extension."""
    application = server.web_app
    choices = application.settings["casa_desktop"] = CasaDesktop(parent=server)
    base_url = application.settings["base_url"]
    application.add_handlers(".*$", routes(base_url))  # type: ignore[no-untyped-call]
    # Kernels are told once, by inheritance, where the page is; they could not find out by themselves.
    os.environ["CASA_DESKTOP_URL"] = url_path_join(base_url, "casa-desktop") + "/"
    # And what holds for the desktops that they start.
    os.environ[IDLE_VARIABLE] = f"{choices.idle_minutes:g}"
    server.log.info("casa-desktop: the CASA Desktop is at %s", os.environ["CASA_DESKTOP_URL"])
