"""gRPC calls to the tools, each of which ends at some time.

Only the tool knows how long a call may take: a plot of many data takes minutes. So a call within a task has no fixed
time limit; a watchdog checks that the tool works, and closes the connection if it does not. All other calls have a time
limit.
"""

from __future__ import annotations

import itertools
from typing import Any, Callable, Optional

from .thread_room import prove_room

# The time limit in seconds of a call without a watchdog, for instance by a user of CASA's own modules.
LIMIT = 600.0
# The time limit in seconds of optional calls that prepare or tidy up.
BESIDE = 5.0


class Line:
    """A channel to a tool, for the classes that protoc has generated for CASA.

    It raises a Shortage, when it is made and at each call, if there is no memory for gRPC's threads.

    Attributes:
        watched: a watchdog watches the calls.
        waiting: the number of the call that waits for its answer, or 0. Each call has another number.
        over: the channel is closed.
    """

    def __init__(self, grpc: Any, address: str) -> None:
        prove_room()
        self._channel = grpc.insecure_channel(address)
        self._numbers = itertools.count(1)
        self.watched = self.over = False
        self.waiting = 0

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Return a method of the tool, like a gRPC channel."""
        ask = self._channel.unary_unary(*args, **kwargs)

        def call(request: Any, timeout: Optional[float] = None) -> Any:
            prove_room()
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
