"""ipykernel's streams for standard output and error, which can be told what to do with what C++ writes."""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional

from ipykernel.iostream import OutStream


class NativeStream(OutStream):
    """A stream that passes what was written to its file descriptor, and not by Python, through a function.

    Attributes:
        sort: the function; returns what is to be printed. None prints everything.
    """

    sort: Optional[Callable[[str], str]] = None

    def write(self, string: str) -> int:
        watcher: Any = getattr(self, "watch_fd_thread", None)
        if self.sort is not None and threading.current_thread() is watcher:
            string = self.sort(string)
            if not string:
                return 0
        return super().write(string) or 0
