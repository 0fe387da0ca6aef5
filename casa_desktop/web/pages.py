"""The page with the canvas and its static files, with Jupyter's authentication and authorisation."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import AuthenticatedFileHandler, JupyterHandler
from jupyter_server.utils import ensure_async
from tornado import web

from ..desktop import registry
from ..errors import CasaDesktopError, InvalidName, NoSuchShare, SwitchedOff
from ..runtime.directory import checked_name
from ..system.executor import in_thread
from ..views import page, share_links
from .error_page import PlainErrors
from .file_gates import SHARES
from .starts import may_start, starts
from .state import AUTH_RESOURCE, SHARE_RESOURCE, models

# Names of files that contain the digest of their contents.
_DIGEST = re.compile(r"\.[0-9a-f]{20}\.(js|css)$")


class PageHandler(PlainErrors, JupyterHandler):
    """``casa-desktop/`` and ``casa-desktop/<name>/``: a desktop's page."""

    auth_resource = AUTH_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, name: str = registry.DEFAULT_NAME) -> None:
        """Answer with the page for one desktop."""
        try:
            checked_name(name)
        except InvalidName as error:
            raise web.HTTPError(404, str(error)) from error
        desktop = await self._running(name)
        if desktop is None and await may_start(self):
            # The browser asks for the scripts meanwhile, and then for the desktop.
            starts(self.settings).begin(self, name)
        is_coming = desktop is not None or starts(self.settings).under_way(name) is not None
        websocket = models(self.settings).websocket(name) if is_coming else ""
        # Setting the cookie is a side effect of reading the token; the page's POST needs it.
        self.xsrf_token  # noqa: B018
        self.set_header("Cache-Control", "no-store")
        self.finish(render_page(self.base_url, name, desktop=desktop, websocket=websocket))

    async def _running(self, name: str) -> Optional[Dict[str, Any]]:
        """Return the model of the desktop if it is running; whatever is wrong with it is told to the page's script."""
        try:
            record = await in_thread(registry.find, name)
            return None if record is None else await in_thread(models(self.settings).desktop, record)
        except (CasaDesktopError, OSError):
            return None


class SharedPageHandler(PlainErrors, JupyterHandler):
    """``casa-desktop/shared/<token>/``: the page of a shared desktop."""

    auth_resource = SHARE_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, token: str) -> None:
        """Answer with the page for one share link, or with 404."""
        if not self.settings["casa_desktop"].sharing:
            raise web.HTTPError(403, str(SwitchedOff(SHARES)))
        try:
            record, _ = await in_thread(share_links.find, token)
        except NoSuchShare as error:
            raise web.HTTPError(404, str(error)) from error
        self.set_header("Cache-Control", "no-store")
        # The address contains the token, so other sites must not see it.
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(render_page(self.base_url, record.name, token))


def render_page(
    base_url: str, name: str, share: str = "", desktop: Optional[Dict[str, Any]] = None, websocket: str = ""
) -> str:
    """Return the page's HTML.

    Args:
        base_url: the server's base URL; ends in a slash.
        name: the desktop's name.
        share: the token of the share link; empty for the desktop's owner.
        desktop: the model of the desktop if it is running, which saves the page a request.
        websocket: the path of its websocket if it is running or being started.

    Raises:
        HTTPError: 500 where the front end has not been built.
    """
    try:
        return page.filled(base_url, name, share=share, lab=True, desktop=desktop, websocket=websocket)
    except FileNotFoundError as error:
        raise web.HTTPError(500, page.not_built(error)) from error


class PageFileHandler(PlainErrors, AuthenticatedFileHandler):
    """``casa-desktop/static/…``: the page's scripts, styles and icons, for users who may open one of the pages."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorise the request before anything else; called by tornado.

        Jupyter's decorator is not used: it would check the resource that the first request to any file handler asked
        for.
        """
        await super().prepare(*args, **kwargs)
        web.authenticated(_nothing)(self)
        # Without this check, a null byte would cause a 500 (tornado 6.6).
        if any("\0" in each for each in self.path_args):
            raise web.HTTPError(404)
        if not self._finished and not await self._is_authorized():
            raise web.HTTPError(403)

    def set_headers(self) -> None:
        """Set the headers of a file; called by tornado."""
        super().set_headers()
        # Jupyter Server has just asked for a question before each use.
        if _DIGEST.search(self.path):
            self.set_header("Cache-Control", "private, max-age=31536000, immutable")

    async def _is_authorized(self) -> bool:
        for resource in (AUTH_RESOURCE, SHARE_RESOURCE):
            if await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", resource)):
                return True
        return False

    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with one file; called by tornado."""
        await web.StaticFileHandler.get(self, path, include_body)

    async def head(self, path: str) -> None:
        """Answer with one file's headers; called by tornado."""
        await web.StaticFileHandler.get(self, path, include_body=False)


def _nothing(_: Any) -> None:
    """Serve as the method that ``web.authenticated`` wraps."""
