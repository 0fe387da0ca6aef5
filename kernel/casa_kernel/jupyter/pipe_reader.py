"""Read pipes without a pause, and pass the data on to slower readers: ``pipe_reader.py [END] IN:OUT [IN:OUT]``.

This is a separate program because nothing in the kernel's process can read while C++ holds the interpreter's lock and
waits for room in a pipe (``jupyter.streams``). All arguments are descriptors. It ends when its writers or its readers
end, or when END becomes readable, which refers to the kernel's process: what native code has forked from the kernel
holds both ends of the pipes as well, and may outlive the kernel by days. It imports nothing of this package, so that it
can be run by its path.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import List

# The largest number of bytes that wait to be passed on; further ones are dropped.
_MOST = 64 << 20
_PIECE = 1 << 16


class Pipe:
    """One pipe and the descriptor to which its data go.

    Attributes:
        source, target: the descriptors; the target is non-blocking.
        ended: no more data will come.
    """

    def __init__(self, words: str) -> None:
        self.source, self.target = map(int, words.split(":"))
        os.set_blocking(self.target, False)
        self.ended = False
        self._waiting = bytearray()
        self._left_out = 0

    @property
    def is_full(self) -> bool:
        """Whether data wait to be passed on."""
        return bool(self._waiting)

    def read(self) -> None:
        """Read what has arrived."""
        piece = os.read(self.source, _PIECE)
        self.ended = not piece
        if len(self._waiting) < _MOST:
            self._waiting += piece
        else:
            self._left_out += len(piece)

    def write(self) -> None:
        """Write as much as there is room for."""
        with suppress(BlockingIOError):
            # Deleting from the front of a bytearray does not move the rest.
            del self._waiting[: os.write(self.target, self._waiting[:_PIECE])]
        if self._left_out and len(self._waiting) < _MOST:
            self._waiting += b"\n[%d bytes came too fast and are left out here]\n" % self._left_out
            self._left_out = 0


def main(words: List[str]) -> None:
    """Pass data on until all pipes have ended, or the kernel has."""
    pipes = [Pipe(each) for each in words if ":" in each]
    ends = [int(each) for each in words if ":" not in each]
    while pipes:
        poll = select.poll()
        for end in ends:
            poll.register(end, select.POLLIN)
        for pipe in pipes:
            if not pipe.ended:
                poll.register(pipe.source, select.POLLIN)
            # poll(2) always reports the end of its reader.
            poll.register(pipe.target, select.POLLOUT if pipe.is_full else 0)
        ready = dict(poll.poll())
        if any(end in ready for end in ends):
            return
        for pipe in list(pipes):
            event = ready.get(pipe.target, 0)
            if ready.get(pipe.source):
                pipe.read()
            if event & select.POLLOUT:
                pipe.write()
            if event & select.POLLERR or (pipe.ended and not pipe.is_full):
                pipes.remove(pipe)
                # The remaining writers get EPIPE.
                os.close(pipe.source)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main(sys.argv[1:])
