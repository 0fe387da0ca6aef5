"""The pages of desktops that a kernel serves itself, because its Jupyter server cannot show them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, List

from casa_desktop.errors import PageUnavailable

from ..front import Way
from .turns import Queue

if TYPE_CHECKING:
    from casa_desktop.desktop.page_process import Address, Serving

_TUNNEL = "; if your browser is on another machine, run this there first: "
_PERHAPS = " if Jupyter has jupyter-server-proxy"


class ServedPages:
    """A process for each desktop whose page was asked for (``casa_desktop.desktop.page_process``)."""

    def __init__(self) -> None:
        self._serving: Dict[str, Serving] = {}
        # For cells with threads.
        self._turn = Queue()
        # Each process ends with its connection, and a process that a cell forks may outlive the kernel.
        os.register_at_fork(after_in_child=self._let_go)

    def _let_go(self) -> None:
        while self._serving:
            self._serving.popitem()[1].close()

    def ways(self, name: str) -> List[Way]:
        """Return the links to the page of the desktop ``name``, each with the secret that lets one browser in.

        Raises:
            PageUnavailable: it cannot be served; the error gives the reason.
        """
        with self._turn:
            return links(self._address(name))

    def _address(self, name: str) -> Address:
        # Imported here, because few kernels need it.
        from casa_desktop.desktop.page_process import Serving

        former = self._serving.pop(name, None)
        if former is not None:
            try:
                return self._asked(name, former)
            except PageUnavailable:
                # It was killed.
                pass
        return self._asked(name, Serving(name))

    def _asked(self, name: str, serving: Serving) -> Address:
        """Return its address, and keep it; end it where that fails or is interrupted."""
        try:
            address = serving.address()
        except BaseException:
            serving.close()
            raise
        self._serving[name] = serving
        return address


def links(address: Address) -> List[Way]:
    """Return the links to a page: through Jupyter where it has a proxy, else to this machine."""
    through, here = Way(address.through_jupyter), Way(address.on_this_machine, _TUNNEL, address.tunnel)
    if not address.base or address.proxied is False:
        return [here]
    return [through] if address.proxied else [Way(through.url, _PERHAPS), here]
