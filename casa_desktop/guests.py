"""Lets the guests of a server's owner look at what is shared with them, and at nothing else.

One line of an administrator's ``jupyter_server_config.py`` does it, with or without a JupyterHub::

    c.ServerApp.authorizer_class = "casa_desktop.guests.GuestsLook"

A rule for the authorizer alone would not do. Many of Jupyter's handlers ask no authorizer, only who it is that asks:
JupyterLab's pages, which hold the owner's token; any page about an error; its extension manager, which installs
packages; jupyter-server-proxy, which leads to all ports of 127.0.0.1 (seen in JupyterLab 4.6, jupyter_server 2.21 and
jupyter-server-proxy 4.6). But every handler asks the identity provider. So the guard stands there: it makes a guest
unknown to all handlers but those of what is shared.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

from jupyter_server.auth import Authorizer, IdentityProvider, User
from jupyter_server.utils import ensure_async
from tornado import web
from traitlets import List, TraitError, Unicode, default

from .pages import PageFileHandler, SharedPageHandler
from .reception import SHARE_RESOURCE
from .sharedsocket import SharedSocketHandler
from .sharing import SharedHandler

# Chosen by the handler and not by the path: what tornado makes of a path is then no matter.
FOR_GUESTS = (SharedPageHandler, SharedHandler, SharedSocketHandler, PageFileHandler)
_FORBIDDEN = "Guests of this server may look at the desktops that are shared with them, and at nothing else."
_NO_OWNER = (
    "GuestsLook cannot tell the owner of this server from guests. Name those who may do everything: "
    'c.GuestsLook.owners = ["ada"]. On a JupyterHub it is the user whose server it is, unless set.'
)


class GuestsLook(Authorizer):
    """Owners may do everything; everybody else who can log in may follow links to shared desktops, and no more.

    JupyterLab's extension manager cannot install anything on such a server, whoever asks.

    Raises:
        TraitError: it is not known who the owners are.
    """

    owners = List(
        Unicode(),
        config=True,
        help="The names of the users who may do everything on this server. Default: on a JupyterHub the user whose "
        "server it is. Set it where the identity provider is another one, or where others shall work on the server.",
    )

    @default("owners")
    def _owner_on_a_hub(self) -> list[str]:
        owner = os.environ.get("JUPYTERHUB_USER")
        return [owner] if owner else []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self.owners:
            raise TraitError(_NO_OWNER)
        self._guard(self.identity_provider)
        self._forbid_installing()

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        """Tell whether ``user`` may do that; called by Jupyter's handlers, as far as they ask."""
        return self._owns(user) or (action, resource) == ("read", SHARE_RESOURCE)

    def _owns(self, user: User) -> bool:
        return user.username in self.owners

    def _guard(self, provider: IdentityProvider) -> None:
        """Have ``provider`` know guests only where they may look."""
        ask = provider.get_user

        async def get_user(handler: Any) -> User | None:
            user: User | None = await ensure_async(ask(handler))
            if user is None or self._owns(user) or isinstance(handler, FOR_GUESTS):
                return user
            # Sent to log in once more, the guest would be sent here again, and so on.
            handler.get_login_url = _refuse
            return None

        # On the object and not by a class of its own: so it goes with any provider. A JupyterHub sets its own.
        provider.get_user = get_user  # type: ignore[method-assign]

    def _forbid_installing(self) -> None:
        # The extensions know their configuration already, and use it a moment later.
        manager = getattr(self.parent, "extension_manager", None)
        for apps in manager.extension_apps.values() if manager is not None else ():
            for app in apps:
                if app.has_trait("extension_manager"):
                    app.extension_manager = "readonly"


def _refuse(*_: object, **__: object) -> NoReturn:
    raise web.HTTPError(403, _FORBIDDEN)
