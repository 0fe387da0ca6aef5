"""The address of the desktops' page that a Jupyter server gives its kernels, in variables of their environment.

All that a server starts inherits these variables: its terminals, and a Jupyter that is started in one of them, too.
On the pages of that Jupyter the address leads nowhere. So the server's process id is given with the address, and only
kernels of that very process use it: Jupyter gives each kernel the process id of its own server, ``JPY_PARENT_PID``.
"""

from __future__ import annotations

import os
from typing import Mapping, MutableMapping

from .. import names

_SERVER_OF_KERNEL = "JPY_PARENT_PID"


def give(environ: MutableMapping[str, str], url: str) -> None:
    """Give kernels the address: ``environ`` is what they inherit from this process, their Jupyter server."""
    environ[names.URL], environ[names.URL_SERVER] = url, str(os.getpid())


def given(environ: Mapping[str, str]) -> str:
    """Return the address that a kernel's own Jupyter server has given; empty if it has given none.

    An address without a process id is taken as it is: it was set by hand.
    """
    server = environ.get(names.URL_SERVER)
    return environ.get(names.URL, "") if server in (None, environ.get(_SERVER_OF_KERNEL)) else ""


def hand_on(environ: MutableMapping[str, str], parent: str) -> None:
    """Change a kernel's environment for the process that takes its place, with ``parent`` as ``JPY_PARENT_PID``."""
    if given(environ):
        environ[names.URL_SERVER] = parent
    else:
        environ.pop(names.URL, None)
