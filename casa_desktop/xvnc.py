"""Xvnc as a child of the supervisor's: started, and waited for until it answers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import IO

from . import loglimit, xauthority
from .commands import Settings, x_server_command
from .errors import StartFailed, StartTimeout
from .process import read_line, spawn
from .runtime import Places, rfb_banner


@dataclass
class Xvnc:
    """What is needed to start the X server of one desktop, once and again.

    Attributes:
        program: its path.
        name: the desktop's name.
        settings: the user's choices.
        at: the desktop's paths.
        log: takes what it says; open for reading as well.
    """

    program: str
    name: str
    settings: Settings
    at: Places
    log: IO[bytes]
    _reader: int = -1

    def start(self) -> int:
        """Start it with a fresh cookie; return its process id. It is not ready then: ``await_display``.

        Raises:
            OSError: it could not be started.
        """
        xauthority.write(self.at.xauthority)
        # Killed ones have left theirs, at which nobody listens.
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
            # Ours must be closed, or Xvnc's end would never be seen on the reading side.
            os.close(writer)

    def await_display(self, deadline: float, seconds: float) -> str:
        """Return X's name of the display as soon as it can be used.

        Args:
            deadline: in seconds of ``time.monotonic()``.
            seconds: how long it was allowed to take, for the error.

        Raises:
            StartTimeout, StartFailed: as they say.
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
        """Return as soon as a view could connect.

        Raises:
            StartFailed: it does not speak RFB.
        """
        at = self.at.new_rfb_socket
        try:
            banner = rfb_banner(at, max(deadline - time.monotonic(), 0.1))
        except OSError as error:
            raise StartFailed(self.name, f"nothing answers at {at}: {error}") from error
        if not banner.startswith(b"RFB "):
            raise StartFailed(self.name, f"{at} greets with {banner!r} instead of RFB")

    def let_in(self) -> None:
        """Let views connect: now its socket has the name that the record gives.

        Not before the record is of this server, or somebody would have its socket and the display of a dead one. The
        first name stays: when Xvnc ends it removes that, by which the lookout sees the end of a killed supervisor.
        """
        os.link(self.at.new_rfb_socket, self.at.rfb_socket)

    def last_words(self) -> str:
        """Return the last that the desktop's log has; its name may have gone."""
        lines = loglimit.newest(self.log.fileno()).split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " ".join(said[-3:]) or "nothing"
