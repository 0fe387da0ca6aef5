"""The REST interface for desktops and their share links, with Jupyter's authentication and authorisation.

The bodies of the answers are those of ``serve`` as well (``views.models``).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from ..desktop import registry
from ..errors import (
    CasaDesktopError,
    InvalidName,
    InvalidSetting,
    InvalidShare,
    NoSuchShare,
    NotRunning,
    SwitchedOff,
    TooManyDesktops,
)
from ..runtime.directory import checked_name
from ..system.executor import in_thread
from ..views import models, share_links
from ..views.closing import LINK_ENDED, WITHDRAWN
from ..views.models import Models
from . import audit, state
from .config import CasaDesktop
from .file_gates import DOWNLOADS, SHARES
from .starts import starts
from .state import AUTH_RESOURCE, SHARE_RESOURCE, Reception, reception


class DesktopHandler(APIHandler):
    """Base class of the REST handlers: settings, addresses, and errors as one sentence in JSON."""

    auth_resource = AUTH_RESOURCE

    @property
    def choices(self) -> CasaDesktop:
        """The administrator's settings."""
        choices: CasaDesktop = self.settings["casa_desktop"]
        return choices

    @property
    def models(self) -> Models:
        """The models of this server's desktops and links."""
        return state.models(self.settings)

    @property
    def reception(self) -> Reception:
        """This server's state: the desktops and their views."""
        return reception(self.settings)

    @property
    def _track_activity(self) -> bool:  # type: ignore[override]
        # Pages poll desktops by themselves; these requests must not keep a hub from culling the server.
        return self.request.method not in ("GET", "HEAD")

    def json_object(self, example: str) -> dict[str, Any]:
        """Return the request's JSON body, {} if it is empty; answer 400 with ``example`` if it is no JSON object."""
        try:
            body = self.get_json_body()
        except UnicodeDecodeError:
            # Without this, the answer would be a 500 (jupyter_server 2.21).
            raise web.HTTPError(400, "The body should be JSON in UTF-8.") from None
        if body is not None and not isinstance(body, dict):
            raise web.HTTPError(400, f"The body should be a JSON object, like {example}.")
        return body or {}

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the error's class name and message; called by tornado."""
        error = models.ours(kwargs.get("exc_info", (None, None, None))[1])
        if error is None:
            return super().write_error(status_code, **kwargs)
        self.set_status(self.status_of(error))
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(models.error(error)))

    def status_of(self, error: CasaDesktopError) -> int:
        """Return the status of an answer that tells an error of ours."""
        if isinstance(error, (NotRunning, NoSuchShare)):
            return 404
        if isinstance(error, SwitchedOff):
            return 403
        if isinstance(error, TooManyDesktops):
            return 409
        return 400 if isinstance(error, (InvalidName, InvalidSetting, InvalidShare)) else 500

    def log_exception(self, *args: Any) -> None:
        """Log our own errors as one line, without a traceback; called by tornado."""
        error = models.ours(args[1])
        if error is not None:
            self.log.warning("casa-desktop: %s", error)
        else:
            super().log_exception(*args)


class DesktopsHandler(DesktopHandler):
    """``api/desktops``: all desktops."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the running desktops."""
        records = await in_thread(registry.list_desktops)
        self.finish(await in_thread(self.models.desktops, records))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a desktop: 201 with its model, or 200 if it was already running."""
        name = self._requested_name()
        record = await in_thread(registry.find, name)
        if record is None:
            self.set_status(201)
            record = await asyncio.shield(starts(self.settings).begin(self, name))
        self.finish(await in_thread(self.models.desktop, record))

    def _requested_name(self) -> str:
        return checked_name(self.json_object('{"name": "main"}').get("name", registry.DEFAULT_NAME))


class OneDesktopHandler(DesktopHandler):
    """``api/desktops/<name>``: one desktop."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the model of a running desktop, or with 404."""
        self.finish(await in_thread(self.models.running, name))

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Stop a desktop and all programs on it, or answer 404."""
        await in_thread(models.stop, name)
        audit.write(self, "stop", desktop=name)
        self.set_status(204)
        self.finish()


class ScreenshotHandler(DesktopHandler):
    """``api/desktops/<name>/screenshot.png``: a desktop's present picture."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with a PNG of the whole desktop."""
        if not self.choices.downloads:
            raise SwitchedOff(DOWNLOADS)
        picture = await in_thread(models.screenshot, name)
        audit.write(self, "screenshot", desktop=name)
        self.set_header("Cache-Control", "no-store")
        self.finish(picture, set_content_type="image/png")


class SharesHandler(DesktopHandler):
    """``api/desktops/<name>/shares``: a desktop's share links, for its owner."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """List the links, without their tokens, which are not stored."""
        record = await in_thread(registry.running, name)
        shares = await in_thread(share_links.valid, record)
        views = self.reception.audience.count
        self.finish({"shares": [{**models.link(share), "views": views(name, share.id)} for share in shares]})

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Create a link: 201 with its token, which is sent only in this answer."""
        record = await in_thread(registry.running, name)
        minutes, label = self._requested_life_and_label()
        share, token = await in_thread(share_links.create, record, minutes, label)
        self.log.info("casa-desktop: a link to look at %s was made, %s", name, share.id)
        ends = models.time(share.expires)
        audit.write(self, "share", desktop=name, share=share.id, label=share.label, expires=ends)
        self.set_status(201)
        self.finish(self.models.new_share(share, token))

    def _requested_life_and_label(self) -> tuple[Any, Any]:
        most = self.choices.share_minutes
        if "shares" in self.choices.lacks:
            raise SwitchedOff(SHARES)
        request = self.json_object('{"minutes": 60}')
        minutes = request.get("minutes", min(share_links.DEFAULT_MINUTES, most))
        if isinstance(minutes, (int, float)) and minutes > most:
            raise InvalidShare("life", minutes, f"a number of minutes from 1 to {most}")
        return minutes, request.get("label", "")


class OneShareHandler(DesktopHandler):
    """``api/desktops/<name>/shares/<id>``: one link, for the desktop's owner."""

    @web.authenticated
    @authorized
    async def delete(self, name: str, number: str) -> None:
        """Withdraw a link and close the connections that came through it."""
        await in_thread(share_links.withdraw, await in_thread(registry.running, name), number)
        self.reception.audience.end_share(name, number, LINK_ENDED, WITHDRAWN)
        audit.write(self, "withdraw", desktop=name, share=number)
        self.set_status(204)
        self.finish()


class SharedHandler(DesktopHandler):
    """``api/shared/<token>``: a shared desktop, for users who have the link."""

    auth_resource = SHARE_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, token: str) -> None:
        """Answer with the address of the shared desktop's websocket, or with 404."""
        if not self.choices.sharing:
            raise SwitchedOff(SHARES)
        record, share = await in_thread(share_links.find, token)
        self.finish(self.models.shared(record, share, token))
