"""The page and the REST interface, behind Jupyter's own authentication and authorisation."""

from __future__ import annotations

import asyncio
import html
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Callable, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, AuthenticatedFileHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from . import session
from .config import CasaDesktop
from .errors import CasaDesktopError, InvalidName, InvalidSetting, NotRunning
from .runtime import Record, checked_name

PAGE_FOLDER = Path(__file__).parent / "static" / "page"
AUTH_RESOURCE = "casa-desktop"
Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run a blocking function without stopping the server's event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(function, *args, **kwargs))


@dataclass(frozen=True)
class Addresses:
    """The URLs of a desktop, below the server's base URL."""

    base_url: str

    def page(self, name: str) -> str:
        return url_path_join(self.base_url, "casa-desktop", name) + "/"

    def websocket(self, name: str) -> str:
        return url_path_join(self.base_url, "casa-desktop", "api", "desktops", name, "rfb")

    def static(self) -> str:
        return url_path_join(self.base_url, "casa-desktop", "static") + "/"


def model(record: Record, addresses: Addresses) -> dict[str, Any]:
    """Return what the REST interface tells of a desktop."""
    return {
        "name": record.name,
        "state": "running",
        "display": record.display,
        "pid": record.supervisor_pid,
        "started": datetime.fromtimestamp(record.started, timezone.utc).isoformat(),
        "version": record.version,
        "page": addresses.page(record.name),
        "websocket": addresses.websocket(record.name),
    }


class DesktopHandler(APIHandler):
    """What the REST handlers share: the settings, and errors as one sentence of JSON."""

    auth_resource = AUTH_RESOURCE

    @property
    def choices(self) -> CasaDesktop:
        """The administrator's choices."""
        found: CasaDesktop = self.settings["casa_desktop"]
        return found

    @property
    def addresses(self) -> Addresses:
        """Where the desktops are."""
        return Addresses(self.base_url)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the error's name and sentence; called by tornado."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, CasaDesktopError):
            return super().write_error(status_code, **kwargs)
        self.set_status(_status(error))
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": type(error).__name__, "message": str(error)}))

    def log_exception(self, *args: Any) -> None:
        """Log the errors that we raise on purpose as one line; called by tornado."""
        if isinstance(args[1], CasaDesktopError):
            self.log.warning("casa-desktop: %s", args[1])
        else:
            super().log_exception(*args)


def _status(error: CasaDesktopError) -> int:
    if isinstance(error, NotRunning):
        return 404
    return 400 if isinstance(error, (InvalidName, InvalidSetting)) else 500


class DesktopsHandler(DesktopHandler):
    """``api/desktops``: all desktops."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the running desktops."""
        records = await in_thread(session.list_desktops)
        self.finish({"desktops": [model(record, self.addresses) for record in records]})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a desktop: 201 with its model, or 200 if it was running already."""
        name = self._requested_name()
        record = await in_thread(session.find, name)
        if record is None:
            self.set_status(201)
            settings, timeout = self.choices.settings(), self.choices.start_timeout
            record = await in_thread(session.ensure, name, settings=settings, timeout=timeout)
        self.finish(model(record, self.addresses))

    def _requested_name(self) -> str:
        body = self.get_json_body()
        if body is None:
            return session.DEFAULT_NAME
        if not isinstance(body, dict):
            raise web.HTTPError(400, 'The body should be a JSON object, like {"name": "main"}.')
        return checked_name(body.get("name", session.DEFAULT_NAME))


class OneDesktopHandler(DesktopHandler):
    """``api/desktops/<name>``: one desktop."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Tell of a running desktop, or answer 404."""
        self.finish(model(await in_thread(session.running, name), self.addresses))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Stop a desktop and everything on it, or answer 404."""
        if not await in_thread(session.stop, name):
            raise NotRunning(name)
        self.set_status(204)
        self.finish()


class ScreenshotHandler(DesktopHandler):
    """``api/desktops/<name>/screenshot.png``: what is on a desktop now."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with a PNG of the whole desktop."""
        picture = await in_thread(session.screenshot, await in_thread(session.running, name))
        self.set_header("Cache-Control", "no-store")
        self.finish(picture, set_content_type="image/png")


class PageHandler(JupyterHandler):
    """``casa-desktop/`` and ``casa-desktop/<name>/``: the page with the canvas."""

    auth_resource = AUTH_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, name: str = session.DEFAULT_NAME) -> None:
        """Answer with the page, told which desktop to show."""
        try:
            checked_name(name)
        except InvalidName as error:
            raise web.HTTPError(404, str(error)) from error
        # Setting the cookie is a side effect of reading the token; the page's POST needs it.
        self.xsrf_token  # noqa: B018
        self.set_header("Cache-Control", "no-store")
        self.finish(render_page(name, Addresses(self.base_url), self.base_url))


def render_page(name: str, addresses: Addresses, base_url: str) -> str:
    """Return the page's HTML.

    Raises:
        HTTPError: 500 where the front end has not been built.
    """
    template = PAGE_FOLDER / "index.html"
    try:
        text = template.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise web.HTTPError(500, f"The page has not been built: {template} is missing.") from error
    config = json.dumps({"baseUrl": base_url, "name": name, "token": ""})
    # Inside <script> only '<' could end the element; JSON can say it otherwise.
    return text.replace("{{ config }}", config.replace("<", "\\u003c")).replace(
        "{{ static_url }}", html.escape(addresses.static())
    )


class PageFileHandler(AuthenticatedFileHandler):
    """``casa-desktop/static/…``: the page's scripts, styles and icons."""

    auth_resource = AUTH_RESOURCE
