"""What a thread sleeps on until a file is written to: inotify, and a pipe for those who have other news."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Optional

from inotify_simple import INotify, flags


class Alarm:
    """Wakes one thread. Any thread may arm and ring it."""

    def __init__(self) -> None:
        self._pipe_out, self._pipe_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._pipe_out, select.POLLIN)
        self._notify: Optional[INotify] = None

    def open(self) -> None:
        """Begin to watch; files may be armed then. Where inotify has no instance left, only a ring wakes.

        Not done when this is made, because the library looks for libc with a process of its own.
        """
        with contextlib.suppress(OSError):
            self._notify = INotify(nonblocking=True)
            self._poll.register(self._notify.fileno(), select.POLLIN)

    def arm(self, path: str) -> None:
        """Wake the thread once, when the file at ``path`` is written to next.

        Once only: who writes a million lines between two looks at the file wakes it one time.
        """
        if self._notify is not None:
            # Without a watch left, too, only a ring wakes.
            with contextlib.suppress(OSError):
                self._notify.add_watch(path, flags.MODIFY | flags.ONESHOT)

    def ring(self) -> None:
        """Wake the thread now."""
        # A full pipe wakes it too.
        with contextlib.suppress(BlockingIOError):
            os.write(self._pipe_in, b".")

    def wait(self, timeout: Optional[int]) -> bool:
        """Sleep until woken, or for ``timeout`` milliseconds; tell whether it was woken."""
        ready = [descriptor for descriptor, _ in self._poll.poll(timeout)]
        if self._pipe_out in ready:
            os.read(self._pipe_out, 65536)
        if self._notify is not None and self._notify.fileno() in ready:
            self._notify.read()
        return bool(ready)
