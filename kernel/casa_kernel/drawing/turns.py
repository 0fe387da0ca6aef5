"""Let threads take turns: a tool draws only one thing at a time, and so does matplotlib."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Deque, Optional, Type


class Queue:
    """A lock that threads get in the order in which they asked for it; a context manager.

    A thread may take it again while it holds it. Waiting can be interrupted, in the main thread by KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._owner: Optional[int] = None
        self._depth = 0
        self._waiting: Deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        turn = self._ask()
        if turn is None:
            return
        try:
            turn.acquire()
        except BaseException:
            self._withdraw(turn)
            raise
        self._owner = threading.get_ident()

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        with self._guard:
            self._depth -= 1
            if not self._depth:
                self._next()

    def _ask(self) -> Optional[threading.Lock]:
        """Take the lock if it is free or this thread's own; else return a lock that is released in turn."""
        with self._guard:
            if self._depth and self._owner != threading.get_ident():
                turn = threading.Lock()
                turn.acquire()
                self._waiting.append(turn)
                return turn
            self._owner = threading.get_ident()
            self._depth += 1
            return None

    def _next(self) -> None:
        self._owner = None
        if self._waiting:
            # It stays taken, so that a new thread cannot overtake those that wait.
            self._depth = 1
            self._waiting.popleft().release()

    def _withdraw(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
            # The turn came at the very moment of the interrupt.
            self._depth -= 1
            self._next()
