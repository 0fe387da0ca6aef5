"""Start Xvnc as a child of the supervisor, and wait until it answers."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import IO, Mapping

from ..errors import StartFailed, StartTimeout
from ..runtime.directory import Places
from ..runtime.settings import Settings
from ..system import log_limit
from ..system.environment import for_desktop
from ..system.process import Command, read_line, spawn
from ..system.unix_sockets import connected
from . import xauthority


class Xvnc:
    """The X server of one desktop; it can be started repeatedly.

    Attributes:
        program: path of Xvnc.
        name: the desktop's name.
        settings: the user's choices.
        at: the desktop's paths.
        log: receives the output of Xvnc; also open for reading.
    """

    def __init__(self, program: str, name: str, settings: Settings, at: Places, log: IO[bytes]) -> None:
        self.program, self.name, self.settings, self.at, self.log = program, name, settings, at, log
        self._reader = -1

    def start(self) -> int:
        """Start Xvnc with a new cookie; return its process id. Xvnc is not ready until ``await_display`` returns.

        Raises:
            OSError: Xvnc could not be started.
        """
        xauthority.write(self.at.xauthority)
        # An Xvnc that was killed leaves its sockets, on which no process listens.
        for path in (self.at.rfb_socket, self.at.new_rfb_socket):
            path.unlink(missing_ok=True)
        self._reader, writer = os.pipe()
        command = x_server_command(
            self.program,
            self.settings,
            title=f"CASA Desktop {self.name}",
            xauthority=self.at.xauthority,
            rfb_socket=self.at.new_rfb_socket,
            display_fd=writer,
            env=os.environ,
        )
        try:
            return spawn(command, log=self.log, pass_fds=[writer])
        finally:
            # Our writing end must be closed; otherwise the reading side would not detect the end of Xvnc.
            os.close(writer)

    def await_display(self, deadline: float, seconds: float) -> str:
        """Wait until the display can be used; return its name, like ``:7``.

        Args:
            deadline: in seconds of ``time.monotonic()``.
            seconds: the time limit, for the error message.

        Raises:
            StartTimeout: Xvnc reported no display in time.
            StartFailed: Xvnc has ended.
        """
        number = read_line(self._reader, deadline)
        os.close(self._reader)
        if number is None:
            raise StartTimeout(self.name, seconds, "Xvnc's display number")
        if not number.isdigit():
            raise StartFailed(self.name, f"Xvnc ended at once. It said: {self.last_words()}")
        xauthority.name_display(self.at.xauthority, int(number))
        return f":{number.decode()}"

    def await_banner(self, deadline: float) -> None:
        """Wait until a view can connect.

        Raises:
            StartFailed: Xvnc does not answer, or does not speak RFB.
        """
        at = self.at.new_rfb_socket
        try:
            banner = rfb_banner(at, max(deadline - time.monotonic(), 0.1))
        except OSError as error:
            raise StartFailed(self.name, f"nothing answers at {at}: {error}") from error
        if not banner.startswith(b"RFB "):
            raise StartFailed(self.name, f"{at} greets with {banner!r} instead of RFB")

    def let_in(self) -> None:
        """Let views connect, by giving the socket the name that is in the record.

        Call this only when the record describes this server; otherwise a process could combine its socket with the
        display of a dead server. The first name of the socket stays. Xvnc removes it when it ends, and by that the
        watch on the runtime directory (``views.runtime_watch``) detects the end of a killed supervisor.
        """
        os.link(self.at.new_rfb_socket, self.at.rfb_socket)

    def last_words(self) -> str:
        """Return the last lines of the desktop's log, even if the file has been removed."""
        lines = log_limit.newest(self.log.fileno()).split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " ".join(said[-3:]) or "nothing"


def rfb_banner(path: Path, timeout: float) -> bytes:
    """Connect to an RFB server's unix socket and return its 12-byte version message.

    Source: RFC 6143, section 7.1.1.

    Raises:
        OSError: no process listens, or there was no message within ``timeout`` seconds.
    """
    with connected(path, timeout) as connection:
        connection.settimeout(timeout)
        return connection.recv(12, socket.MSG_WAITALL)


def x_server_command(
    program: str,
    settings: Settings,
    *,
    title: str,
    xauthority: Path,
    rfb_socket: Path,
    display_fd: int,
    env: Mapping[str, str],
) -> Command:
    """Build the command line of Xvnc.

    Args:
        program: path of Xvnc.
        settings: the user's choices.
        title: the desktop's name as VNC viewers show it.
        xauthority: path of the cookie file; without a cookie any local user could view the display.
        rfb_socket: path of the socket on which Xvnc listens; at most 107 bytes.
        display_fd: an inherited descriptor to which Xvnc writes the number of its display.
        env: the environment from which that of Xvnc is made.
    """
    argv = (
        program,
        # Without a number Xvnc selects a free one itself: fixed numbers collide, above all if
        # containers share /tmp. With a given number, Xvnc still writes it when it is ready.
        *(() if settings.display is None else (f":{settings.display}",)),
        *("-displayfd", str(display_fd)),
        *("-auth", str(xauthority)),
        *("-rfbunixpath", str(rfb_socket), "-rfbunixmode", "0600"),
        # With 0 or without this option, Xvnc 1.12 also listens on port 5900+N of every interface.
        *("-rfbport", "-1"),
        # The socket is in a folder of mode 0700, so only the user can open it.
        *("-SecurityTypes", "None"),
        # All clients of a unix socket share one address, so a few probes would lock out all clients.
        "-UseBlacklist=0",
        *("-nolisten", "tcp"),
        "-AlwaysShared=1",
        # Only errors. Otherwise each view adds 600 bytes to the log, which is often in memory.
        "-Log=*:stderr:0",
        # Without it X resets whenever its last client disconnects.
        "-noreset",
        # No screen saver: a page that reconnects shows the picture as it was.
        *("-s", "0", "-dpms"),
        # The extension GLX loads Mesa and LLVM, 50 MB in all (Xvnc 1.12), and CASA's tools draw without OpenGL.
        *(() if settings.opengl else ("-extension", "GLX")),
        *("-geometry", settings.geometry, "-depth", "24", "-dpi", str(settings.dpi)),
        *("-FrameRate", str(settings.frame_rate)),
        *("-desktop", title),
    )
    return Command(argv, for_desktop(env))
