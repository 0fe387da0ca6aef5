"""Restricts the guests of a server's owner to the desktops that are shared with them.

An administrator enables it with one line in ``jupyter_server_config.py``, with or without a JupyterHub::

    c.ServerApp.authorizer_class = "casa_desktop.web.guests.GuestsLook"

A rule in the authorizer alone would not be enough, because many of Jupyter's handlers only check that a user is logged
in and ask no authorizer: JupyterLab's pages, which contain the owner's token; all error pages; its extension manager,
which installs packages; and jupyter-server-proxy, which leads to all ports of 127.0.0.1 (seen in JupyterLab 4.6,
jupyter_server 2.21 and jupyter-server-proxy 4.6). But every handler asks the identity provider. So this class wraps the
identity provider: a guest counts as not logged in for all handlers except those of shared desktops.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

from jupyter_server.auth import Authorizer, IdentityProvider, User
from jupyter_server.utils import ensure_async
from tornado import web
from traitlets import List, TraitError, Unicode, default

from .guest_websocket import SharedSocketHandler
from .pages import PageFileHandler, SharedPageHandler
from .rest import SharedHandler
from .state import SHARE_RESOURCE

# Chosen by handler, not by path, so that tornado's parsing of paths does not matter.
FOR_GUESTS = (SharedPageHandler, SharedHandler, SharedSocketHandler, PageFileHandler)
_FORBIDDEN = "Guests of this server may only view the desktops that are shared with them."
_NO_OWNER = (
    "GuestsLook cannot tell the owner of this server from guests. Name those who may do everything: "
    'c.GuestsLook.owners = ["ada"]. On a JupyterHub it is the user whose server it is, unless set.'
)


class GuestsLook(Authorizer):
    """Lets owners do everything, and all other users who can log in only view shared desktops.

    JupyterLab's extension manager cannot install anything on such a server, not even for owners.

    Raises:
        TraitError: the owners are not known.
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
        """Return whether ``user`` may do ``action``; called by those Jupyter handlers that ask an authorizer."""
        return self._owns(user) or (action, resource) == ("read", SHARE_RESOURCE)

    def _owns(self, user: User) -> bool:
        return user.username in self.owners

    def _guard(self, provider: IdentityProvider) -> None:
        """Make ``provider`` recognise guests only in the handlers for guests."""
        ask = provider.get_user

        async def get_user(handler: Any) -> User | None:
            user: User | None = await ensure_async(ask(handler))
            if user is None or self._owns(user) or isinstance(handler, FOR_GUESTS):
                return user
            # A redirect to the login page would lead the guest back here, in an endless loop.
            handler.get_login_url = _refuse
            return None

        # Patch the object instead of subclassing: this works with any provider. A JupyterHub sets its own.
        provider.get_user = get_user  # type: ignore[method-assign]

    def _forbid_installing(self) -> None:
        # The extensions have already read their configuration and use it a moment later, so change the trait itself.
        manager = getattr(self.parent, "extension_manager", None)
        for apps in manager.extension_apps.values() if manager is not None else ():
            for app in apps:
                if app.has_trait("extension_manager"):
                    app.extension_manager = "readonly"


def _refuse(*_: object, **__: object) -> NoReturn:
    raise web.HTTPError(403, _FORBIDDEN)
