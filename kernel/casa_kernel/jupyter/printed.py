"""What is printed while a call runs, by Python and by what writes to the file descriptors; and prints it again."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence

from .streams import NativeStream, settle

_NAMES = ("stdout", "stderr")


class Printed:
    """The text that appears under cells.

    Args:
        streams: the kernel's own standard output and error.
    """

    def __init__(self, streams: Sequence[NativeStream]) -> None:
        self._streams = streams

    @contextmanager
    def heard(self, hear: Callable[[str, str, bool], None]) -> Iterator[None]:
        """Tell of each text that this thread, or native code, prints within a with block.

        Args:
            hear: called with ``stdout`` or ``stderr``, the text, and whether it was written to the file descriptor.
                It may be called by another thread.
        """
        thread = threading.current_thread()

        def told(name: str, text: str, native: bool) -> None:
            if native or threading.current_thread() is thread:
                hear(name, text, native)

        # What was written before, and has not arrived yet, was not printed by the call.
        settle(self._streams)
        tees = [_Tee(name, told) for name in _NAMES if getattr(sys, name) not in self._streams]
        for stream in self._streams:
            stream.heard = told
        try:
            yield
            settle(self._streams)
        finally:
            for stream in self._streams:
                stream.heard = None
            for tee in tees:
                tee.end()

    def again(self, name: str, text: str, native: bool) -> None:
        """Print a text of which ``heard`` has told."""
        own = next((each for each in self._streams if each.name == name), None) if native else None
        (own or getattr(sys, name)).write(text)


class _Tee:
    """A stream that a cell has put in the place of the kernel's own, like ``%%capture``, and that is heard, too."""

    def __init__(self, name: str, told: Callable[[str, str, bool], None]) -> None:
        self._name, self._told, self._inner = name, told, getattr(sys, name)
        setattr(sys, name, self)

    def write(self, text: str) -> Optional[int]:
        self._told(self._name, text, False)
        written: Optional[int] = self._inner.write(text)
        return written

    def end(self) -> None:
        """Put the stream back, unless another one is in its place by now."""
        if getattr(sys, self._name) is self:
            setattr(sys, self._name, self._inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
