"""Watch files and folders by inotify(7), and report when the system has no instance or watch left.

By default each user may have 128 inotify instances over all programs, and an editor may use a dozen. A process that
gets none must neither end nor miss a change: it checks the files periodically, and requests an instance again each
time.

This module does not import Jupyter, and runs on Python 3.8.
"""

from __future__ import annotations

import errno
from typing import List, Optional

from inotify_simple import Event, INotify

# The errors of add_watch for a lack of watches or memory; all other errors concern the path.
_SHORTAGES = frozenset({errno.ENOSPC, errno.ENOMEM})
_WORDS = {
    errno.EMFILE: "no inotify instance is left for this user, or no descriptor for this process",
    errno.ENOSPC: "no inotify watch is left for this user",
}
LIMITS = "fs.inotify.max_user_instances and fs.inotify.max_user_watches"


class Watches:
    """One inotify instance, if the system has one left.

    Attributes:
        shortage: why a path is not watched, as text; None if all paths are watched.
    """

    def __init__(self) -> None:
        self.shortage: Optional[str] = None
        self._notify: Optional[INotify] = None

    @property
    def readable(self) -> List[int]:
        """The descriptors to wait for: one, or none without an instance."""
        return [] if self._notify is None else [self._notify.fileno()]

    def begin(self) -> None:
        """Create the instance if there is none, and reset ``shortage``. The caller must add all paths again."""
        self.shortage = None
        if self._notify is None:
            try:
                self._notify = INotify(nonblocking=True)
            except OSError as error:
                self.shortage = _words(error)

    def add(self, path: str, mask: int) -> Optional[int]:
        """Watch a file or folder; return the number of the watch, or None in a shortage.

        Args:
            path: path of the file or folder.
            mask: the events, a mask of ``inotify_simple.flags``.

        Raises:
            OSError: the path does not exist, or this user may not watch it.
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
            OSError: the watched file was removed, which ended the watch.
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
