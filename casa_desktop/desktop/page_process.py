"""A desktop's page without Jupyter: the process that serves it for a kernel, and how the kernel talks to it.

A Jupyter server without casa-desktop's extension cannot show a desktop. Then a process of the kernel's own does
(``web.kernel_page``). It must listen in the machine's network, in which the kernel may not be. So the kernel's host
helper or container launcher starts it, if there is one, and hands over the connection on which the kernel has asked::

    process → kernel    ["address", {"port": 40123, "token": "…", "base": "/", "proxied": true, "host": "tycho"}]
    kernel  → process   ["address", null]      asks for it again, because the token changes with each use

The process ends with the connection, or with the kernel, whichever comes first.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from typing import NamedTuple, Optional

from .. import names
from ..errors import PageUnavailable
from ..runtime import directory
from ..system import messages
from ..system.event_loop import failed
from ..system.messages import Word
from ..system.pythonpath import seen
from ..system.unix_sockets import connected

# It takes half a second; longer on a busy machine.
PATIENCE_SECONDS = 30.0
# Not "localhost", which jupyter-server-proxy takes by default: another user may listen on the same port of ::1.
_LOOPBACK = "127.0.0.1"


class Address(NamedTuple):
    """Where a page is, and what lets the next browser in.

    Attributes:
        port: the port on which it is served, on this machine's loopback.
        token: the one-time secret.
        base: the base URL of the kernel's Jupyter server, with a slash at both ends; empty if there is none.
        proxied: whether that server has jupyter-server-proxy; None if that is not known.
        host: this machine's name.
    """

    port: int
    token: str
    base: str
    proxied: Optional[bool]
    host: str

    @property
    def through_jupyter(self) -> str:
        """The link through jupyter-server-proxy: a path on the Jupyter server."""
        return f"{self.base}proxy/{_LOOPBACK}:{self.port}{self._path}"

    @property
    def on_this_machine(self) -> str:
        """The link for a browser on this machine, or at the other end of the tunnel."""
        return f"http://{_LOOPBACK}:{self.port}{self._path}"

    @property
    def tunnel(self) -> str:
        """The command that makes a tunnel from the browser's machine to this one."""
        return f"ssh -L {self.port}:{_LOOPBACK}:{self.port} {self.host}"

    @property
    def _path(self) -> str:
        return f"/casa-desktop/?token={self.token}"


def start(connection: socket.socket, name: str) -> None:
    """Start the process for the desktop ``name``; takes over ``connection``.

    Raises:
        InvalidName: ``name`` is not valid as the name of a desktop.
        OSError: it cannot be started.
    """
    # It starts desktops itself, outside.
    environ = {key: value for key, value in seen(os.environ).items() if key not in (names.OUTSIDE, names.HOST_HELPER)}
    subprocess.run(
        [sys.executable, "-m", names.PAGE_PROGRAM, directory.checked_name(name)],
        env=environ,
        stdin=connection.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        # It detaches itself at once.
        check=False,
    )


def serve(connection: socket.socket, word: Word) -> None:
    """Answer a request for a page: start the process, or send the reason why there is none."""
    try:
        start(connection, str(word.value))
    except Exception as error:  # noqa: BLE001
        with suppress(OSError):
            connection.sendall(messages.encode(failed(error)))


class Serving:
    """The connection of a kernel to the process that serves the page of one desktop.

    Args:
        name: the desktop's name.

    Raises:
        InvalidName: it is not valid as the name of a desktop.
        PageUnavailable: the process cannot be started.
    """

    def __init__(self, name: str) -> None:
        self._name, self._decoder = name, messages.Decoder()
        outside = os.environ.get(names.OUTSIDE) or os.environ.get(names.HOST_HELPER)
        try:
            self._connection = _asked(outside, name) if outside else _started(name)
        except OSError as error:
            raise PageUnavailable(name, str(error)) from error
        self._connection.settimeout(PATIENCE_SECONDS)
        # Nothing is sent before the process has the connection; the helper would read it.
        self._begun = False

    def address(self) -> Address:
        """Return the present address.

        Raises:
            PageUnavailable: the process has ended, or never ran.
        """
        try:
            if self._begun:
                self._connection.sendall(messages.encode(Word("address")))
            word = self._hear()
            self._begun = True
        except (OSError, ValueError) as error:
            raise PageUnavailable(self._name, str(error) or "it does not answer") from error
        if word.kind != "address":
            raise PageUnavailable(self._name, str(word.value["text"]))
        return Address(**word.value)

    def close(self) -> None:
        """End the process, unless another process holds the connection, too."""
        self._connection.close()

    def _hear(self) -> Word:
        while True:
            received = self._connection.recv(4096)
            words = self._decoder.feed(received)
            if words:
                return words[0]
            if not received:
                raise ConnectionResetError("it went away")


def _asked(outside: str, name: str) -> socket.socket:
    connection = connected(outside, PATIENCE_SECONDS)
    try:
        connection.sendall(messages.encode(Word("page", name)))
    except OSError:
        connection.close()
        raise
    return connection


def _started(name: str) -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with its:
        try:
            start(its, name)
        except BaseException:
            ours.close()
            raise
    return ours
