"""What disturbs a run, and what the machine is."""

from __future__ import annotations

import subprocess
import sys

from .machine import Watch, describe, judge, ticks


def test_quiet_run_is_not_disturbed() -> None:
    assert judge(share=0.02, stolen=0.0, slow=1.05) == ""


def test_load_steal_and_a_slow_processor_are_told_apart() -> None:
    assert judge(share=0.5, stolen=0.0, slow=1.0) == "load"
    assert judge(share=0.0, stolen=0.1, slow=1.0) == "steal"
    assert judge(share=0.9, stolen=0.1, slow=2.0) == "load, steal, slow processor"


def test_work_of_others_before_a_run_is_seen() -> None:
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(describe()["cores"])]
    try:
        watch = Watch()
        watch.begin()
        assert "load" in watch.end()
    finally:
        for each in others:
            each.kill()
            each.wait()
    assert watch.told()["worst"]["busy before"] > 0.5


def test_processors_seconds_only_grow() -> None:
    before = ticks()
    sum(range(1_000_000))
    assert ticks().total >= before.total


def test_machine_tells_what_it_is() -> None:
    found = describe()
    assert found["cores"] >= 1
    assert found["memory"] > 1e8
    assert found["model"]
    assert found["kernel"]
