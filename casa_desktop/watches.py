"""Watches on files and folders by inotify(7), and what to do where the system has none left.

Each user may have 128 inotify instances by default, over all programs, and an editor may take a dozen. One that is
refused is no reason to end or to miss something: what waits looks from time to time then, and asks again each time.

No Jupyter here, and Python 3.8 is enough.
"""

from __future__ import annotations

import errno
from typing import List, Optional

from inotify_simple import Event, INotify

# What add_watch fails with for want of watches or memory; all else is about the path.
_SHORTAGES = frozenset({errno.ENOSPC, errno.ENOMEM})
_WORDS = {
    errno.EMFILE: "no inotify instance is left for this user, or no descriptor for this process",
    errno.ENOSPC: "no inotify watch is left for this user",
}
LIMITS = "fs.inotify.max_user_instances and fs.inotify.max_user_watches"


class Watches:
    """One inotify instance, if the system has one.

    Attributes:
        shortage: why something is not watched, in words; None if all is.
    """

    def __init__(self) -> None:
        self.shortage: Optional[str] = None
        self._notify: Optional[INotify] = None

    @property
    def readable(self) -> List[int]:
        """The descriptors to wait for: one, or none where there is no instance."""
        return [] if self._notify is None else [self._notify.fileno()]

    def begin(self) -> None:
        """Take an instance, unless there is one, and forget the shortage; all is to be added again then."""
        self.shortage = None
        if self._notify is None:
            try:
                self._notify = INotify(nonblocking=True)
            except OSError as error:
                self.shortage = _words(error)

    def add(self, path: str, mask: int) -> Optional[int]:
        """Watch a file or folder; return the watch's number, or None in a shortage.

        Args:
            path: its path.
            mask: the events, as ``inotify_simple.flags`` names them.

        Raises:
            OSError: it is not there, or not to be watched by this user.
        """
        if self._notify is None:
            return None
        try:
            return int(self._notify.add_watch(path, mask))
        except OSError as error:
            if error.errno not in _SHORTAGES:
                raise
            self.shortage = _words(error)
            return None

    def remove(self, number: int) -> None:
        """End a watch.

        Raises:
            OSError: what was watched has gone, and the watch with it.
        """
        if self._notify is not None:
            self._notify.rm_watch(number)

    def read(self) -> List[Event]:
        """Return the events so far, without waiting."""
        return [] if self._notify is None else list(self._notify.read(timeout=0))

    def close(self) -> None:
        """End all watches; safe to call twice."""
        if self._notify is not None:
            self._notify.close()
            self._notify = None


def _words(error: OSError) -> str:
    return _WORDS.get(error.errno or 0, error.strerror or str(error))
