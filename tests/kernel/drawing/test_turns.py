"""A queue of threads: its order, and what interrupts and errors leave of it."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from typing import List

import pytest
from casa_kernel.drawing.turns import Queue


def wait_for(queue: Queue, waiting: int) -> None:
    """Return when so many threads wait."""
    while len(queue._waiting) < waiting:
        threading.Event().wait(0.001)


def line_up(queue: Queue, count: int, done: List[int]) -> List[threading.Thread]:
    """Have threads take their turns one after the other; they put their numbers into a list."""

    def take(number: int) -> None:
        with queue:
            done.append(number)

    threads = []
    for number in range(count):
        already = len(queue._waiting)
        threads.append(threading.Thread(target=take, args=(number,)))
        threads[-1].start()
        wait_for(queue, already + 1)
    return threads


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    queue, done = Queue(), []  # type: ignore[var-annotated]
    with queue, queue:
        threads = line_up(queue, 5, done)
        assert done == []
    for thread in threads:
        thread.join()
    assert done == [0, 1, 2, 3, 4]


def test_an_error_in_one_turn_does_not_keep_the_next_from_coming() -> None:
    queue, done = Queue(), []  # type: ignore[var-annotated]
    with suppress(ZeroDivisionError), queue:
        threads = line_up(queue, 1, done)
        raise ZeroDivisionError
    threads[0].join()
    assert done == [0]


def test_waiting_can_be_interrupted_and_leaves_the_others_their_turns() -> None:
    queue, done, may_end = Queue(), [], threading.Event()  # type: ignore[var-annotated]
    begun = threading.Event()

    def hold() -> None:
        with queue:
            begun.set()
            may_end.wait()

    def interrupt() -> None:
        wait_for(queue, 2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    holder, interrupter = threading.Thread(target=hold), threading.Thread(target=interrupt)
    holder.start()
    begun.wait()
    others = line_up(queue, 1, done)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt), queue:
        pytest.fail("the turn came")
    may_end.set()
    for thread in (holder, interrupter, *others):
        thread.join()
    assert done == [0]
    with queue:
        assert not queue._waiting
