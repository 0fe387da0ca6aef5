"""gRPC calls to the tools, none of which waits without end.

How long a call may take, only the tool knows: a plot takes minutes where there are many data. So a call within a task
has no fixed limit. A watchdog looks whether the tool works, and hangs up when it does not. All other calls have one.
"""

from __future__ import annotations

import itertools
from typing import Any, Callable, Optional

# Seconds for a call that no watchdog looks after, as of a user of CASA's own modules.
LIMIT = 600.0
# For what is tidied up or prepared beside a task, and can be done without.
BESIDE = 5.0


class Line:
    """A channel to a tool, as the classes that protoc has made for CASA use one.

    Args:
        grpc: the module.
        address: where the tool listens.

    Attributes:
        watched: a watchdog looks after the calls.
        waiting: the number of the call that waits for its answer, or 0. No two calls have the same.
        over: nobody speaks on it any more.
    """

    def __init__(self, grpc: Any, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._numbers = itertools.count(1)
        self.watched = self.over = False
        self.waiting = 0

    def unary_unary(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Return a method of the tool's, like a gRPC channel."""
        ask = self._channel.unary_unary(*args, **kwargs)

        def call(request: Any, timeout: Optional[float] = None) -> Any:
            limit = LIMIT if timeout is None and not self.watched else timeout
            self.waiting = next(self._numbers)
            try:
                return ask(request, timeout=limit)
            finally:
                self.waiting = 0

        return call

    def hang_up(self) -> None:
        """End the call that waits, with an error."""
        self.over = True
        self._channel.close()
