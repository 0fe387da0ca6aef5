"""Let threads do in turns what only one may do at a time: a tool draws one thing at a time, and so does matplotlib."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Deque, Optional, Type


class Queue:
    """A lock whose turns come in the order in which they were asked for; a context manager.

    A thread may take it again while it has it. Waiting can be interrupted, in the main thread by KeyboardInterrupt.
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
        """Take the turn if it is free or already this thread's, and return None; else a lock that opens with it."""
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
            # It stays taken, so that no thread that comes just now is quicker than those that wait.
            self._depth = 1
            self._waiting.popleft().release()

    def _withdraw(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
            # The turn had come in the very moment of the interrupt.
            self._depth -= 1
            self._next()
