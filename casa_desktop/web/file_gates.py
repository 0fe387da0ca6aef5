"""Stand before Jupyter's own routes of files where an administrator has switched uploads or downloads off.

An upload is told from what JupyterLab saves by its format: files that are dropped or uploaded come in base64, notebooks
and texts that are saved do not (JupyterLab 4.2 to 4.5).
"""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler, path_regex
from jupyter_server.services.contents.handlers import ContentsHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado import web

from ..errors import SwitchedOff
from .config import CasaDesktop
from .error_page import PlainErrors

UPLOADS, DOWNLOADS, SHARES = "Uploads of files are", "Downloads of files are", "Links to look at desktops are"


def routes(base_url: str, choices: CasaDesktop) -> list[tuple[Any, ...]]:
    """Return the routes that take the place of Jupyter's; none where all is switched on."""
    uploads = [(url_path_join(base_url, "api", f"contents{path_regex}"), NoUploadsHandler)]
    downloads = [(url_path_join(base_url, name, ".*"), NoDownloadsHandler) for name in ("files", "nbconvert")]
    return [*([] if choices.uploads else uploads), *([] if choices.downloads else downloads)]


class NoUploadsHandler(ContentsHandler):
    """``api/contents/<path>``: as Jupyter has it, without uploads."""

    @web.authenticated
    @authorized
    async def put(self, path: str = "") -> None:
        """Save what JupyterLab saves, and refuse a file that is uploaded."""
        model = self.get_json_body()
        if isinstance(model, dict) and (model.get("format") == "base64" or "chunk" in model):
            raise web.HTTPError(403, str(SwitchedOff(UPLOADS)))
        await ensure_async(super().put(path))


class NoDownloadsHandler(PlainErrors, JupyterHandler):
    """``files/…`` and ``nbconvert/…``: files as they are, and notebooks in other formats."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Refuse."""
        raise web.HTTPError(403, str(SwitchedOff(DOWNLOADS)))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Refuse."""
        raise web.HTTPError(403, str(SwitchedOff(DOWNLOADS)))
