"""The audit: a line for each thing that a browser has done with a desktop, a link or a job.

A line is ``casa-desktop audit: `` and a JSON object, so nothing that a user has chosen can begin a line of its own.
``docs/hub.md`` lists the actions.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from jupyter_server.base.handlers import JupyterHandler

from ..views import models

LOGGER = "casa-desktop.audit"


def write(handler: JupyterHandler, action: str, **details: object) -> None:
    """Write the line for what was just done, if the administrator wants an audit.

    It goes to the server's log, or to the handlers that the administrator has given the logger ``LOGGER``.

    Args:
        handler: the handler of the request.
        action: what was done.
        details: what it was done with; empty texts are left out.
    """
    if not handler.settings["casa_desktop"].audit:
        return
    own = logging.getLogger(LOGGER)
    log = own if own.handlers else handler.log
    told = {name: value for name, value in details.items() if value != ""}
    line = {"time": models.now(), "action": action, "user": _user(handler), "address": handler.request.remote_ip}
    log.info("casa-desktop audit: %s", json.dumps({**line, **told}))


def _user(handler: JupyterHandler) -> str:
    user: Any = handler.current_user
    return str(getattr(user, "username", user or ""))
