"""Have a relay stand between CASA and the mask editor, which writes down what they say (``replay.relay``)."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from typing import Mapping

from casa_desktop.system import pythonpath
from casa_desktop.system.descriptors import readable

from ..errors import NoRelay, writing
from ..tools.private_folder import PrivateFolder
from .programs import start_beside

PROGRAM = "casa_kernel.replay.relay"
# A relay answers in a moment. It was started long before there is a viewer, but on a busy machine that may be no time.
_ANSWERS_SECONDS = 10.0


class RelayLink:
    """A running relay. Its descriptors are taken at once, because later there may be none when CASA needs some."""

    def __init__(self, folder: PrivateFolder, display: Mapping[str, str]) -> None:
        """Start a relay; do not wait for it.

        Args:
            folder: the private folder of the kernel.
            display: the variables of the desktop.

        Raises:
            CasaDesktopError: it cannot be started; the error gives the reason.
        """
        fifos = [folder.path / f"mask-relay.{name}" for name in ("viewers", "addresses")]
        with writing(folder.path), ExitStack() as undo:
            self._stack = ExitStack()
            undo.callback(self._stack.close)
            for fifo in fifos:
                os.mkfifo(fifo, 0o600)
                self._stack.callback(_remove, str(fifo))
            # For both directions, so that opening them waits for nothing.
            self._viewers, self._addresses = (os.open(fifo, os.O_RDWR | os.O_NONBLOCK) for fifo in fifos)
            for descriptor in (self._viewers, self._addresses):
                self._stack.callback(os.close, descriptor)
            argv = [sys.executable, *pythonpath.module(PROGRAM), *map(str, fifos)]
            self._child = start_beside(folder, "mask-relay", argv, display)
            self._stack.callback(self._child.stop)
            undo.pop_all()

    def address_for(self, viewer: str) -> str:
        """Return the address to use in place of a viewer's; called in another thread.

        Raises:
            NoRelay: the relay has ended, or does not answer.
        """
        if not self._child.alive:
            raise NoRelay(f"has ended. {self._child.last_words()}".rstrip(". "))
        os.write(self._viewers, f"{viewer}\n".encode())
        if not readable([self._addresses], _ANSWERS_SECONDS):
            raise NoRelay("did not answer")
        return os.read(self._addresses, 4096).decode().strip()

    @property
    def has_ended(self) -> bool:
        """Whether the relay has ended by itself, or was killed."""
        return not self._child.alive

    def output(self) -> str:
        """Return all that the relay has printed."""
        return self._child.output()

    def close(self) -> None:
        """End the relay."""
        self._stack.close()


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
