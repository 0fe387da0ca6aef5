"""Threads that keep nobody waiting for ever."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import List

import pytest

from casa_desktop.system import threads

# From a limit that leaves no room for a thread's stack to one at which all is well, page by page. In between are those
# at which a thread begins and has no memory to say so.
_AT_THE_LIMIT = """
import resource
import sys
import threading
import psutil
from casa_desktop.system import threads

# As many pages as there are tell soon enough which thread will not begin.
threads._BEGINS_SECONDS = 0.1
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
process = psutil.Process()
stack, refused, ran = 8 << 20, 0, []
threading.stack_size(stack)
for page in range(200):
    resource.setrlimit(resource.RLIMIT_AS, (process.memory_info().vms + stack + (page << 12), hard))
    try:
        if sys.argv[1] == "start":
            threads.start(ran.append, page)
        else:
            threads.Joinable(lambda: ran.append(page)).join()
    except RuntimeError:
        refused += 1
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
print(refused > 0, len(ran) > 0)
"""


@pytest.mark.parametrize("kind", ["start", "Joinable"])
def test_a_thread_that_has_no_memory_to_begin_keeps_nobody_waiting(kind: str) -> None:
    words = [sys.executable, "-c", _AT_THE_LIMIT, kind]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["True", "True"]


def test_a_joinable_one_has_begun_when_it_is_made_and_ended_when_it_is_joined() -> None:
    did: List[str] = []
    may_end = threading.Event()

    def work() -> None:
        did.append("begun")
        may_end.wait(60)
        did.append("ended")

    thread = threads.Joinable(work)
    may_end.set()
    thread.join()
    assert did == ["begun", "ended"]
    # A second time is as good as the first.
    thread.join()


def test_a_joinable_one_that_fails_has_ended() -> None:
    def fail() -> None:
        # Of another error the interpreter would tell at some time after the end.
        raise SystemExit

    threads.Joinable(fail).join()


def test_one_that_begins_too_late_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    late, did = [], []
    monkeypatch.setattr(threads, "_BEGINS_SECONDS", 0.01)
    monkeypatch.setattr(threads, "start", late.append)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        threads.Joinable(lambda: did.append("done"))
    (run,) = late
    run()
    assert did == []
