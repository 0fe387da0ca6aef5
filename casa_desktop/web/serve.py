"""``casa-desktop serve``: shows a desktop in a browser without Jupyter, for users who log in over ssh."""

from __future__ import annotations

import select
import signal
import socket
import sys
import threading
import webbrowser
from typing import Optional

from ..desktop import lifecycle, registry
from ..runtime.settings import Settings
from ..system.signals import Signals
from .page_server import Server
from .redirect_file import OpenPage
from .standalone import Handler


def serve(name: str, settings: Settings, port: int, *, open_browser: bool) -> int:
    """Serve the desktop ``name`` until Ctrl-C, and start it if it is not running; return the exit status.

    Args:
        name: the desktop's name.
        settings: the settings for a new desktop.
        port: the port to listen on, on loopback; 0 for any free port.
        open_browser: whether to open this machine's own browser.

    Raises:
        CasaDesktopError: the desktop cannot be started.
        OSError: the port is in use.
    """
    server: Optional[Server] = None
    page: Optional[OpenPage] = None

    def used() -> None:
        assert server is not None
        if page is not None:
            page.remove()
        _say(f"The link has been used. For another browser:\n    {server.link()}")

    # Not a threading.Event that a handler sets: a signal that arrives just as wait() begins would go unnoticed.
    signals, asked = Signals((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)), select.poll()
    asked.register(signals, select.POLLIN)
    server = Server(Handler, name, settings, port, used)
    with server:
        lifecycle.ensure(name, settings=settings)
        _say(f"The CASA Desktop {name!r} is at\n    {server.link()}")
        tunnel = f"ssh -L {server.port}:127.0.0.1:{server.port} {socket.gethostname()}"
        _say(f"If your browser is on another machine, run this there first:\n    {tunnel}")
        _say("The link lets one browser in. Ctrl-C ends this; the desktop goes on.")
        answering = threading.Thread(target=server.serve_forever, name="casa-desktop-serve", daemon=True)
        answering.start()
        try:
            if open_browser:
                page = OpenPage(server.link())
                # A browser may be slow to start or write to the terminal; don't wait for it.
                threading.Thread(target=webbrowser.open, args=[page.address], daemon=True).start()
            asked.poll()
        finally:
            server.shutdown()
            answering.join()
            if page is not None:
                page.remove()
    goes_on = f"The desktop {name!r} goes on; 'casa-desktop stop --name {name}' ends it."
    _say("The desktop has ended." if registry.find(name) is None else goes_on)
    return 0


def _say(text: str) -> None:
    print(text, flush=True, file=sys.stdout)
