"""Puts back single files of a running desktop that something has removed, such as a cleaner of /tmp.

By its record a desktop is found, by its socket it is shown, by its cookie programs come onto it. What removes the
whole folder begins with the files in it, and is let finish first.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Optional

from .runtime import Places

# What removes a whole folder empties it within this time, in seconds.
SETTLING_SECONDS = 1.0


class Mender:
    """What is needed to put the files of one desktop back.

    Args:
        at: the desktop's paths.
        write_record: writes the record anew.
        say: takes a sentence for the log.

    Attributes:
        due: when ``mend`` has something to do, in seconds of ``time.monotonic()``; None while all is there.
    """

    def __init__(self, at: Places, write_record: Callable[[], None], say: Callable[[str], None]) -> None:
        self._at, self._write_record, self._say = at, write_record, say
        self.due: Optional[float] = None
        self._cookie = b""
        self._socket: Optional[int] = None

    def keep(self) -> None:
        """Take note of what there is now: the desktop has just got its X server."""
        self._cookie = self._at.xauthority.read_bytes()
        self.forget()
        self._socket = os.open(self._at.rfb_socket, os.O_PATH | os.O_CLOEXEC)
        # Views and kernels hold locks on this very file, so a second name brings it back as it was.
        with suppress(FileNotFoundError):
            self._kept_record.unlink()
        os.link(self._at.record, self._kept_record)

    @property
    def _kept_record(self) -> Path:
        return self._at.record.with_suffix(".kept")

    def forget(self) -> None:
        """Put nothing back until ``keep`` is called again: the X server has ended."""
        self.due = None
        if self._socket is not None:
            os.close(self._socket)
            self._socket = None

    def _ways(self) -> Dict[Path, Callable[[], None]]:
        at = self._at
        return {at.record: self._mend_record, at.rfb_socket: self._mend_socket, at.xauthority: self._mend_cookie}

    def look(self) -> None:
        """Take note of what has gone; to be called when something has left the folder."""
        if self._socket is not None and self.due is None and not all(map(os.path.lexists, self._ways())):
            self.due = time.monotonic() + SETTLING_SECONDS

    def is_due(self) -> bool:
        """Tell whether ``mend`` has something to do now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Put back what has gone; the folder must be there."""
        self.due = None
        for path, mend in self._ways().items():
            if not os.path.lexists(path):
                self._say(f"{path.name} was removed, and is put back.")
                # Without room it is tried again with the next event.
                with suppress(OSError):
                    mend()

    def _mend_record(self) -> None:
        try:
            os.link(self._kept_record, self._at.record)
        except FileNotFoundError:
            self._write_record()
            os.link(self._at.record, self._kept_record)

    def _mend_socket(self) -> None:
        try:
            os.link(self._at.new_rfb_socket, self._at.rfb_socket)
        except FileNotFoundError:
            # Its last name has gone. connect(2) follows this one to the very socket.
            self._at.rfb_socket.symlink_to(f"/proc/{os.getpid()}/fd/{self._socket}")

    def _mend_cookie(self) -> None:
        descriptor = os.open(self._at.xauthority, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(self._cookie)
