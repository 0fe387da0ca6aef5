"""Serves a desktop's page for a kernel: ``python -m casa_desktop.web.kernel_page NAME``.

Standard input is the connection to the kernel; ``desktop.page_process`` describes what the two say, and starts this. It
serves what ``casa-desktop serve`` does, for browsers that come through jupyter-server-proxy or a tunnel, and ends with
the kernel. The desktop goes on.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Optional

from ..errors import CasaDesktopError, PageUnavailable
from ..system.descriptors import readable
from ..system.event_loop import failed
from ..system.messages import Decoder, Word, encode
from ..system.process import open_pid
from ..system.unix_sockets import peer

_AGAIN = "Run %casa_desktop in the notebook for a new one."
_ENTRANCE = "Open the link below the cell, or run %casa_desktop in the notebook for a new one."
_REMEDY = (
    "A kernel serves this page, which ends with it. After a restart of the kernel, run %casa_desktop in the notebook "
    "for a new link. The desktop goes on."
)


class KernelPage:
    """The page of one desktop, for one kernel.

    Args:
        name: the desktop's name.
        kernel: the connection to the kernel.

    Raises:
        PageUnavailable: something that it needs is not installed here.
        OSError: there is no port, or no descriptor.
    """

    def __init__(self, name: str, kernel: socket.socket) -> None:
        try:
            from ..runtime.settings import settings_from
            from ..views.page import PAGE_FOLDER
            from . import foreign_jupyter
            from .access import Site
            from .page_server import Server
            from .standalone import Handler
        except ImportError as error:
            reason = f"its Python lacks a package ({error}; 'pip install websockify', with Python 3.10 or later)"
            raise PageUnavailable(name, reason) from error
        if not (PAGE_FOLDER / "index.html").is_file():
            raise PageUnavailable(name, f"its installation has no page in {PAGE_FOLDER}")
        self._kernel, self._decoder = kernel, Decoder()
        site = Site(proxied=True, same_user=True, entrance=_ENTRANCE, renewal=_AGAIN, remedy=_REMEDY)
        self._server = Server(Handler, name, settings_from(os.environ), 0, lambda: None, site)
        # A Jupyter server without a password may ask it already for what is looked for below.
        threading.Thread(target=self._server.serve_forever, name="casa-desktop-page", daemon=True).start()
        pid = peer(kernel)
        self._jupyter = foreign_jupyter.find(pid, self._server.port, os.environ)
        self._life = _life_of(pid)

    def run(self) -> None:
        """Serve until the kernel has ended, or closes the connection."""
        self._kernel.sendall(encode(self._address()))
        while self._hear():
            pass

    def _hear(self) -> bool:
        """Answer the kernel; return False at its end."""
        ready = readable([self._kernel, *([] if self._life is None else [self._life])])
        if self._kernel not in ready:
            return False
        try:
            received = self._kernel.recv(4096)
            for _ in self._decoder.feed(received):
                self._kernel.sendall(encode(self._address()))
        except (OSError, ValueError):
            return False
        return bool(received)

    def _address(self) -> Word:
        told = {"port": self._server.port, "token": self._server.gate.token, "host": socket.gethostname()}
        return Word("address", {**told, "base": self._jupyter.base, "proxied": self._jupyter.has_proxy})


def _life_of(pid: int) -> Optional[int]:
    # The connection alone is not enough: a process that native code has forked from the kernel holds it as well.
    try:
        return open_pid(pid) if pid else None
    except ProcessLookupError:
        # The connection has ended, too.
        return None


def main(name: str) -> int:
    """Serve one desktop's page; return the exit status."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # The process that started this one waits for it, and has other things to do.
    if os.fork():
        return 0
    kernel = socket.socket(fileno=os.dup(0))
    try:
        KernelPage(name, kernel).run()
    except (CasaDesktopError, OSError, MemoryError) as error:
        with suppress(OSError):
            kernel.sendall(encode(failed(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
