"""gRPC calls to the tools, each of which ends at some time.

Only the tool knows how long a call may take: a plot of many data takes minutes. So a call within a task has no fixed
time limit; a watchdog checks that the tool works, and closes the connection if it does not. All other calls have a time
limit.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import resource
from typing import Any, Callable, Optional

from casa_desktop.errors import Shortage

# The time limit in seconds of a call without a watchdog, for instance by a user of CASA's own modules.
LIMIT = 600.0
# The time limit in seconds of optional calls that prepare or tidy up.
BESIDE = 5.0
# gRPC's own threads: a process has eight or nine of them after its first call.
_THREADS = 12
# The size of a thread's stack where no limit sets it (glibc, pthread_create(3)).
_STACK = 2 << 20
_NO_RESERVE = 0x4000  # MAP_NORESERVE of mmap(2); Python has it from 3.13 on


class Line:
    """A channel to a tool, for the classes that protoc has generated for CASA.

    It raises a Shortage, when it is made and at each call, if there is no memory for gRPC's threads.

    Attributes:
        watched: a watchdog watches the calls.
        waiting: the number of the call that waits for its answer, or 0. Each call has another number.
        over: the channel is closed.
    """

    def __init__(self, grpc: Any, address: str) -> None:
        _prove_room()
        self._channel = grpc.insecure_channel(address)
        self._numbers = itertools.count(1)
        self.watched = self.over = False
        self.waiting = 0

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Return a method of the tool, like a gRPC channel."""
        ask = self._channel.unary_unary(*args, **kwargs)

        def call(request: Any, timeout: Optional[float] = None) -> Any:
            _prove_room()
            limit = LIMIT if timeout is None and not self.watched else timeout
            self.waiting = next(self._numbers)
            try:
                return ask(request, timeout=limit)
            finally:
                self.waiting = 0

        return call

    def hang_up(self) -> None:
        """Close the channel; the call that waits ends with an error."""
        self.over = True
        self._channel.close()


def _prove_room() -> None:
    """Check that the process may have the stacks of gRPC's threads.

    gRPC starts them when it needs them. If it gets none, this call and all later ones wait for ever, whatever their
    time limit (seen in grpcio 1.80).

    Raises:
        Shortage: there is not so much memory.
    """
    limit = resource.getrlimit(resource.RLIMIT_STACK)[0]
    size = _THREADS * (_STACK if limit == resource.RLIM_INFINITY else limit)
    try:
        # Only the addresses are taken: no page is touched, and none is set aside.
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        mmap.mmap(-1, size, flags=flags, prot=mmap.PROT_READ).close()
    except OSError as error:
        raise Shortage(errno.ENOMEM) from error
