"""The REST interface for share links."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..desktop import registry
from ..errors import InvalidShare
from ..runtime.record import Record
from ..system.executor import in_thread
from ..views import models, share_links
from .rest import DesktopHandler
from .state import LINK_ENDED, SHARE_RESOURCE, WITHDRAWN


class SharesHandler(DesktopHandler):
    """``api/desktops/<name>/shares``: a desktop's share links, for its owner."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """List the links, without their tokens, which are not stored."""
        record = await in_thread(registry.running, name)
        found = await in_thread(share_links.valid, record)
        self.finish({"shares": [self._told(record, share) for share in found]})

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Create a link: 201 with its token, which is sent only in this answer."""
        record = await in_thread(registry.running, name)
        minutes, label = self._asked()
        share, token = await in_thread(share_links.create, record, minutes, label)
        self.log.info("casa-desktop: a link to look at %s was made, %s", name, share.id)
        self.set_status(201)
        told = {"id": share.id, "label": share.label, "expires": models.time(share.expires)}
        self.finish({**told, "url": self.addresses.shared_page(token), "token": token})

    def _asked(self) -> tuple[Any, Any]:
        most = self.choices.share_minutes
        if most < 1:
            raise web.HTTPError(403, "Links to look at desktops are switched off on this server.")
        asked = self.json_object('{"minutes": 60}')
        minutes = asked.get("minutes", min(share_links.DEFAULT_MINUTES, most))
        if isinstance(minutes, (int, float)) and minutes > most:
            raise InvalidShare("life", minutes, f"a number of minutes from 1 to {most}")
        return minutes, asked.get("label", "")

    def _told(self, record: Record, share: share_links.Share) -> dict[str, Any]:
        views = self.reception.audience.count(record.name, share.id)
        return {"id": share.id, "label": share.label, "expires": models.time(share.expires), "views": views}


class OneShareHandler(DesktopHandler):
    """``api/desktops/<name>/shares/<id>``: one link, for the desktop's owner."""

    @web.authenticated
    @authorized
    async def delete(self, name: str, number: str) -> None:
        """Withdraw a link and close the connections that came through it."""
        await in_thread(share_links.withdraw, await in_thread(registry.running, name), number)
        self.reception.audience.end_share(name, number, LINK_ENDED, WITHDRAWN)
        self.set_status(204)
        self.finish()


class SharedHandler(DesktopHandler):
    """``api/shared/<token>``: a shared desktop, for users who have the link."""

    auth_resource = SHARE_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, token: str) -> None:
        """Answer with the address of the shared desktop's websocket, or with 404."""
        record, share = await in_thread(share_links.find, token)
        self.finish(
            {
                "name": record.name,
                "state": "running",
                "websocket": self.addresses.shared_websocket(token),
                "expires": models.time(share.expires),
                "viewOnly": True,
                "server": self.reception.server,
            }
        )
