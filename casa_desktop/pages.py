"""The page with the canvas, and its files, behind Jupyter's own authentication and authorisation."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import AuthenticatedFileHandler, JupyterHandler
from jupyter_server.utils import ensure_async
from tornado import web

from . import session, shares, template
from .errors import InvalidName, NoSuchShare
from .plainpage import PlainErrors
from .reception import AUTH_RESOURCE, SHARE_RESOURCE
from .runtime import checked_name
from .workers import in_thread


class PageHandler(PlainErrors, JupyterHandler):
    """``casa-desktop/`` and ``casa-desktop/<name>/``: a desktop's page."""

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
        self.finish(render_page(self.base_url, name))


class SharedPageHandler(PlainErrors, JupyterHandler):
    """``casa-desktop/shared/<token>/``: the page of a desktop that somebody may look at."""

    auth_resource = SHARE_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, token: str) -> None:
        """Answer with the page, told which link to follow, or with 404."""
        try:
            record, _ = await in_thread(shares.find, token)
        except NoSuchShare as error:
            raise web.HTTPError(404, str(error)) from error
        self.set_header("Cache-Control", "no-store")
        # The address is half of what it takes to look.
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(render_page(self.base_url, record.name, token))


def render_page(base_url: str, name: str, share: str = "") -> str:
    """Return the page's HTML.

    Raises:
        HTTPError: 500 where the front end has not been built.
    """
    try:
        return template.filled(base_url, name, share=share, lab=True)
    except FileNotFoundError as error:
        raise web.HTTPError(500, template.not_built(error)) from error


class PageFileHandler(PlainErrors, AuthenticatedFileHandler):
    """``casa-desktop/static/…``: the page's scripts, styles and icons, for all who may open one of the pages."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let Jupyter authenticate and authorise before anything else; called by tornado.

        Not by its decorator, which would go by the resource that the first request of any file handler asked for.
        """
        await super().prepare(*args, **kwargs)
        web.authenticated(_nothing)(self)
        # The file system's own answer to a zero byte would end in a 500 (tornado 6.6).
        if any("\0" in each for each in self.path_args):
            raise web.HTTPError(404)
        if not self._finished and not await self._is_authorized():
            raise web.HTTPError(403)

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
    """Stand for the method that is done if the user is known."""
