"""A promised time is measured without what others on the machine have taken of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Iterator

import pytest
from hypothesis import settings

from .support.clock import Stopwatch, own_time, undisturbed
from .support.living import started
from .support.processes import MARK

# Both want the same processor.
ON_ONE = "import os, time; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"
FOR_EVER = f"{ON_ONE}\nwhile True: pass"
FOR_A_WHILE = f"{ON_ONE}\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"


@pytest.fixture
def stranger() -> Iterator[None]:
    """A busy process that is not of this test: neither below it nor with its mark."""
    env = {name: value for name, value in os.environ.items() if name != MARK}
    words = ["sh", "-c", '"$@" >&2 & echo $!', "sh", sys.executable, "-c", FOR_EVER]
    pid = int(subprocess.run(words, env=env, stdout=subprocess.PIPE, check=True).stdout)
    yield
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("elapsed", "waited", "others", "own"),
    [
        # On a quiet machine threads of the test's own wait for each other, and that counts.
        (4.0, 3.0, 0.0, 4.0),
        # The processor was given to others in turns.
        (4.0, 2.0, 3.0, 2.0),
        # What sleeps waits for nobody, however busy others are.
        (4.0, 0.0, 4.0, 4.0),
        # Many threads waited at the same time, and no longer than others worked.
        (4.0, 9.0, 3.0, 1.0),
        # The counters of the machine are rounded.
        (4.0, 1.0, -0.01, 4.0),
    ],
)
def test_waiting_for_others_does_not_count(elapsed: float, waited: float, others: float, own: float) -> None:
    assert undisturbed(elapsed, waited, others) == own


@pytest.mark.usefixtures("stranger")
def test_the_watch_stands_still_while_a_stranger_has_the_processor() -> None:
    watch, began = Stopwatch(), own_time()
    with started([sys.executable, "-c", FOR_A_WHILE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read(1)
        elapsed = own_time() - began
        assert watch.seconds() < elapsed


def test_an_example_of_a_property_may_wait_for_a_processor() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
