"""Real children, whose ends and stops are told as the supervisor tells them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Iterator, List

import pytest

from casa_desktop.errors import WindowManagerMissing
from casa_desktop.system.respawn import (
    FIRST_SECONDS,
    LONGEST_SECONDS,
    RECENT_SECONDS,
    STOPPED_SECONDS,
    Child,
    Setbacks,
)


class Nursery:
    """Starts children, and remembers them."""

    def __init__(self) -> None:
        self.started: List[subprocess.Popen[bytes]] = []
        self.said: List[str] = []
        self.missing = False

    def begin(self) -> int:
        if self.missing:
            raise WindowManagerMissing(("icewm",), "icewm")
        self.started.append(subprocess.Popen(["sleep", "1000"]))
        return self.started[-1].pid


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    for each in made.started:
        each.kill()
        each.wait()


@pytest.fixture
def child(nursery: Nursery) -> Child:
    started = Child(nursery.begin, nursery.said.append)
    started.start()
    return started


def _signal(child: Child, number: int) -> bool:
    """Send a signal, and have the child take note of what comes of it; return whether it has ended."""
    assert child.pid is not None
    os.kill(child.pid, number)
    return child.take(*os.waitpid(child.pid, os.WUNTRACED | os.WCONTINUED))


def test_pauses_double_up_to_the_longest() -> None:
    setbacks = Setbacks()
    pauses = [setbacks.note(float(second)) for second in range(12)]
    assert pauses[:4] == [FIRST_SECONDS * factor for factor in (1, 2, 4, 8)]
    assert pauses[-1] == LONGEST_SECONDS


def test_what_was_long_ago_does_not_count() -> None:
    setbacks = Setbacks()
    setbacks.note(0)
    setbacks.note(1)
    assert setbacks.note(RECENT_SECONDS + 0.5) == 2 * FIRST_SECONDS
    assert len(setbacks) == 2


def test_one_that_dies_is_due_after_a_pause_and_started_again(nursery: Nursery, child: Child) -> None:
    before = time.monotonic()
    assert _signal(child, signal.SIGKILL)
    assert child.pid is None
    assert child.due is not None
    assert before <= child.due - FIRST_SECONDS <= time.monotonic()
    child.mend()
    assert child.pid == nursery.started[1].pid
    assert child.due is None


def test_one_that_is_stopped_goes_on_after_a_pause(nursery: Nursery, child: Child) -> None:
    before = time.monotonic()
    assert not _signal(child, signal.SIGSTOP)
    assert child.due is not None
    assert child.due - before >= STOPPED_SECONDS
    assert not child.is_due()
    child.mend()
    assert child.pid is not None
    _, status = os.waitpid(child.pid, os.WCONTINUED)
    assert os.WIFCONTINUED(status)
    assert len(nursery.started) == 1


def test_one_that_somebody_else_lets_go_on_is_left_alone(child: Child) -> None:
    _signal(child, signal.SIGSTOP)
    _signal(child, signal.SIGCONT)
    assert child.due is None


def test_one_that_cannot_be_started_is_tried_again_and_says_why(nursery: Nursery, child: Child) -> None:
    _signal(child, signal.SIGKILL)
    nursery.missing = True
    child.mend()
    assert child.pid is None
    assert child.due is not None
    assert ["No window manager was found" in each for each in nursery.said] == [True]
    nursery.missing = False
    child.mend()
    assert child.pid is not None


def test_another_process_s_end_is_none_of_its(child: Child) -> None:
    other = subprocess.Popen(["true"])
    pid, status = os.waitpid(other.pid, 0)
    other.returncode = 0
    assert not child.take(pid, status)
    assert child.due is None


def test_one_that_is_dropped_is_killed_and_not_due(nursery: Nursery, child: Child) -> None:
    child.drop()
    assert nursery.started[0].wait(30) == -signal.SIGKILL
    assert (child.pid, child.due) == (None, None)
