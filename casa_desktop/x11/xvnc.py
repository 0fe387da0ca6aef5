"""Start Xvnc as a child of the supervisor, and wait until it answers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import IO

from ..errors import StartFailed, StartTimeout
from ..runtime.directory import Places, rfb_banner
from ..runtime.settings import Settings, x_server_command
from ..system import log_limit
from ..system.process import read_line, spawn
from . import xauthority


@dataclass
class Xvnc:
    """The X server of one desktop; it can be started repeatedly.

    Attributes:
        program: path of Xvnc.
        name: the desktop's name.
        settings: the user's choices.
        at: the desktop's paths.
        log: receives the output of Xvnc; also open for reading.
    """

    program: str
    name: str
    settings: Settings
    at: Places
    log: IO[bytes]
    _reader: int = -1

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
