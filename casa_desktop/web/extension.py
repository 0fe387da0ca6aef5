"""The Jupyter server extension: adds the routes, sets environment variables and emits events."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join

from .. import names
from ..desktop import page_address
from ..errors import CasaDesktopError
from ..kernels.preference import prefer
from ..system.executor import workers
from ..views.page import PAGE_FOLDER
from ..views.runtime_watch import Lookout
from . import activity, file_gates, job_news, job_rest, uws
from .config import CasaDesktop
from .events import SCHEMA, SCHEMA_ID, Notices
from .guest_websocket import SharedSocketHandler
from .pages import PageFileHandler, PageHandler, SharedPageHandler
from .resources import ResourcesHandler
from .rest import DesktopsHandler, OneDesktopHandler, OneShareHandler, ScreenshotHandler, SharedHandler, SharesHandler
from .state import reception
from .websocket import DesktopSocketHandler

# Accepts more than valid names, so that an invalid name gets our own error message instead of a bare 404.
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
        (below("api", "desktops", _NAME, "shares"), SharesHandler),
        (below("api", "desktops", _NAME, "shares", _NAME), OneShareHandler),
        (below("api", "resources"), ResourcesHandler),
        (below("api", "shared", _NAME), SharedHandler),
        (below("api", "shared", _NAME, "rfb"), SharedSocketHandler),
        *job_rest.routes(base_url),
        *uws.routes(base_url),
        (below("static", "(.*)"), PageFileHandler, {"path": str(PAGE_FOLDER)}),
        (below("shared", _NAME) + "/?", SharedPageHandler),
        (below() + "/?", PageHandler),
        (below(_NAME) + "/?", PageHandler),
    ]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Add the desktop to a Jupyter server; called by Jupyter Server when it loads the extension."""
    application = server.web_app
    choices = application.settings["casa_desktop"] = CasaDesktop(parent=server)
    base_url = application.settings["base_url"]
    # Before Jupyter's own routes, which have the same addresses as some of them.
    ours = [*routes(base_url), *file_gates.routes(base_url, choices)]
    application.add_handlers(".*$", ours)  # type: ignore[no-untyped-call]
    # Kernels inherit the page's address; they cannot find it out themselves.
    page_address.give(os.environ, url_path_join(base_url, "casa-desktop") + "/")
    # The desktops that kernels start have the same limits.
    os.environ[names.IDLE_MINUTES] = f"{choices.idle_minutes:g}"
    os.environ[names.LIFETIME_MINUTES] = f"{choices.lifetime_minutes:g}"
    os.environ[names.MOST_DESKTOPS] = str(choices.most_desktops)
    # Kernelspecs for other Jupyters, too, do not name our provisioner.
    prefer(server)
    # Start the worker threads now, while there is memory for them.
    workers()
    activity.install(server)
    _bring_news(server)
    server.log.info("casa-desktop: the CASA Desktop is at %s", os.environ[names.URL])


def _bring_news(server: ServerApp) -> None:
    """Emit events for desktops that start or end, once the server's event loop runs."""
    events = server.event_logger
    assert events is not None
    events.register_event_schema(SCHEMA)
    events.register_event_schema(job_news.SCHEMA)
    job_news.install(server.web_app.settings, partial(events.emit, schema_id=job_news.SCHEMA_ID))
    ours = reception(server.web_app.settings)
    notices = Notices(ours, partial(events.emit, schema_id=SCHEMA_ID))

    def look() -> None:
        try:
            notices.look()
        except (OSError, CasaDesktopError) as error:
            server.log.warning("casa-desktop: %s", error)

    lookout = Lookout(look, lambda sentence: server.log.warning("casa-desktop: %s", sentence))
    ours.look_again = look
    server.io_loop.add_callback(lookout.start)
