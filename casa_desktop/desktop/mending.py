"""Restore single files of a running desktop that were removed, for example by a cleaner of /tmp.

Other processes find a desktop by its record, views connect to its socket, programs need its cookie to open windows, and
users read in its log why something does not work. A program that removes the whole folder begins with the files in it;
it is given time to finish first.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Optional

from ..runtime.directory import Places

# A program that removes a whole folder empties it within this time, in seconds.
SETTLING_SECONDS = 1.0


class Mender:
    """Restores the files of one desktop.

    Args:
        at: the desktop's paths.
        write_record: writes the record again.
        log: the descriptor by which the log is written.
        say: writes a sentence to the log.

    Attributes:
        due: when ``mend`` must be called, in seconds of ``time.monotonic()``; None while no file is missing.
    """

    def __init__(self, at: Places, write_record: Callable[[], None], log: int, say: Callable[[str], None]) -> None:
        self._at, self._write_record, self._log, self._say = at, write_record, log, say
        self.due: Optional[float] = None
        self._cookie = b""
        self._socket: Optional[int] = None

    def keep(self) -> None:
        """Store what is needed to restore the files; call it when the X server has started."""
        self._cookie = self._at.xauthority.read_bytes()
        self.forget()
        self._socket = os.open(self._at.rfb_socket, os.O_PATH | os.O_CLOEXEC)
        # Views and kernels hold locks on this file, so the same inode must be restored, from a second hard link.
        with suppress(FileNotFoundError):
            self._kept_record.unlink()
        os.link(self._at.record, self._kept_record)
        # All programs of the desktop have this file open, so the same inode must be restored, too.
        with suppress(OSError):
            os.link(self._at.log, self._kept_log)

    @property
    def _kept_record(self) -> Path:
        return self._at.record.with_suffix(".kept")

    @property
    def _kept_log(self) -> Path:
        return self._at.log.with_suffix(".kept")

    def forget(self) -> None:
        """Restore nothing until ``keep`` is called again; call it when the X server has ended."""
        self.due = None
        if self._socket is not None:
            os.close(self._socket)
            self._socket = None

    def _ways(self) -> Dict[Path, Callable[[], None]]:
        at = self._at
        return {
            at.record: self._mend_record,
            at.rfb_socket: self._mend_socket,
            at.xauthority: self._mend_cookie,
            at.log: self._mend_log,
        }

    def look(self) -> None:
        """Check for missing files; call it when an entry has left the folder."""
        if self._socket is not None and self.due is None and not all(map(os.path.lexists, self._ways())):
            self.due = time.monotonic() + SETTLING_SECONDS

    def is_due(self) -> bool:
        """Return whether ``mend`` must be called now."""
        return self.due is not None and self.due <= time.monotonic()

    def mend(self) -> None:
        """Restore missing files; the folder must exist."""
        self.due = None
        for path, mend in self._ways().items():
            if not os.path.lexists(path):
                self._say(f"{path.name} was removed, and is put back.")
                # If there is no space, the next event leads to another attempt.
                with suppress(OSError):
                    mend()

    def _mend_record(self) -> None:
        try:
            os.link(self._kept_record, self._at.record)
        except FileNotFoundError:
            self._write_record()
            os.link(self._at.record, self._kept_record)

    def _mend_socket(self) -> None:
        _mend_link(self._at.rfb_socket, self._at.new_rfb_socket, self._socket)

    def _mend_log(self) -> None:
        _mend_link(self._at.log, self._kept_log, self._log)

    def _mend_cookie(self) -> None:
        descriptor = os.open(self._at.xauthority, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(self._cookie)


def _mend_link(path: Path, other: Path, descriptor: Optional[int]) -> None:
    """Create ``path`` again as a link to the file that is also at ``other``, and that this process has open."""
    try:
        os.link(other, path)
    except FileNotFoundError:
        # The file has no name left to link to. connect(2) and open(2) follow this link to the same file.
        path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
