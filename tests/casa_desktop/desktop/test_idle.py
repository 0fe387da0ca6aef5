"""Desktops that end when nobody uses them; the limits here are a second or so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List

import psutil
import pytest
from Xlib import X, display
from Xlib.ext import xtest

from casa_desktop import names
from casa_desktop.desktop import lifecycle, registry, usage
from casa_desktop.errors import NotRunning
from casa_desktop.runtime.record import Record
from casa_desktop.runtime.settings import Settings
from casa_desktop.system import locks

from ...support.living import below, living, name_of, opened, with_word

LIMIT = 1.2
PART = 0.8


def start(seconds: float = LIMIT) -> Record:
    return lifecycle.ensure(settings=Settings(idle_minutes=seconds / 60))


@pytest.fixture
def ends(root: Path) -> Callable[[float], bool]:
    """A function that tells whether the desktop ends within so many seconds."""
    return lambda seconds: locks.wait_until_free(root / "main", seconds)


@pytest.fixture
def lasts(ends: Callable[[float], bool]) -> Callable[[float], float]:
    """A function that waits for the desktop's end, and returns how many seconds after ``use`` it came.

    Args:
        use: a time of the monotonic clock.
        within: how long to wait from now on, in seconds.
    """

    def wait(use: float, within: float = 10) -> float:
        assert ends(within)
        return time.monotonic() - use

    return wait


@contextmanager
def asleep(record: Record) -> Iterator[None]:
    """Stop what would end the desktop, once it watches the use: it must count what is done meanwhile when it looks.

    A test that rests shorter than the limit instead may, on a busy machine, come too late to use the desktop again.
    """
    agents: List[psutil.Process] = []
    while not any("[eventpoll]" in file for each in agents for file in opened(each.pid)):
        assert living(record.supervisor_pid)
        agents = with_word(below(record.supervisor_pid), names.AGENT)
    # The supervisor first: it would let its child go on.
    both = [record.supervisor_pid, agents[0].pid]
    for pid in both:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in both:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def terminal() -> Iterator[Callable[..., psutil.Process]]:
    """Starts a command in a terminal on the desktop; returns the terminal's process."""
    started = []

    def run(record: Record, *command: str) -> psutil.Process:
        env = {**os.environ, **lifecycle.environment(record), "ENV": "", "PS1": "$ "}
        # Until there is a terminal, nothing else keeps the desktop.
        using = usage.work(record)
        started.append(subprocess.Popen(["xterm", "-e", *command], env=env, stderr=subprocess.DEVNULL))
        while not any(name_of(each) in ("sh", "sleep") for each in below(started[-1].pid)):
            assert started[-1].poll() is None
        os.close(using)
        return psutil.Process(started[-1].pid)

    yield run
    for each in started:
        each.kill()
        each.wait()


def test_a_desktop_that_nobody_uses_is_stopped_and_says_why(
    root: Path, ends: Callable[[float], bool], capsys: pytest.CaptureFixture[str]
) -> None:
    record = start(0.3)
    processes = [psutil.Process(record.supervisor_pid), psutil.Process(record.x_server_pid)]
    assert ends(10)
    assert psutil.wait_procs(processes, timeout=30)[1] == []
    assert not (root / "main").exists()
    with pytest.raises(NotRunning, match=r"It was stopped after 0\.005 minutes without use\. Start it with"):
        registry.running()
    # What is started anew, or stopped by the user, has no such past.
    lifecycle.ensure()
    lifecycle.stop()
    with pytest.raises(NotRunning, match=r"is not running\. Start it"):
        registry.running()
    assert not root.exists()


def test_a_desktop_stays_for_ever_by_default(root: Path, ends: Callable[[float], bool]) -> None:
    assert lifecycle.ensure().idle_minutes == 0
    assert not ends(PART)


@pytest.mark.parametrize("use", [usage.watch, usage.work])
def test_a_desktop_stays_while_it_is_looked_at_or_worked_with_and_for_its_time_afterwards(
    ends: Callable[[float], bool], lasts: Callable[..., float], use: Callable[[Record], int]
) -> None:
    record = start()
    for _ in range(2):
        using = use(record)
        assert not ends(LIMIT + PART)
        over = time.monotonic()
        os.close(using)
    assert lasts(over) >= LIMIT


def test_a_use_that_is_over_in_no_time_counts(ends: Callable[[float], bool], lasts: Callable[..., float]) -> None:
    record = start()
    with asleep(record):
        assert not ends(LIMIT)
        used = time.monotonic()
        os.close(usage.work(record))
    assert lasts(used) >= LIMIT


def test_input_keeps_a_desktop_by_the_time_that_x_tells(
    ends: Callable[[float], bool], lasts: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = start()
    with asleep(record):
        for key, value in lifecycle.environment(record).items():
            monkeypatch.setenv(key, value)
        connection = display.Display(record.display)
        assert not ends(LIMIT)
        used = time.monotonic()
        xtest.fake_input(connection, X.MotionNotify, x=100, y=100)
        connection.sync()
    connection.close()
    assert lasts(used) >= LIMIT


def test_a_program_in_a_terminal_keeps_a_desktop_until_it_ends(
    ends: Callable[[float], bool], lasts: Callable[..., float], terminal: Callable[..., psutil.Process]
) -> None:
    window = terminal(start(), "sh", "-c", "sleep 1000; exec sh")
    assert not ends(LIMIT + PART)
    [program] = [each for each in below(window.pid) if name_of(each) == "sleep"]
    over = time.monotonic()
    program.send_signal(signal.SIGTERM)
    # The shell that waits for another command keeps nothing.
    assert lasts(over, within=20) >= LIMIT


def test_a_program_that_is_a_terminal_s_only_one_keeps_a_desktop(
    ends: Callable[[float], bool], terminal: Callable[..., psutil.Process]
) -> None:
    terminal(start(), "sleep", "1000")
    assert not ends(LIMIT + PART)


def test_a_time_without_use_is_noted_in_the_record_and_old_records_have_none(root: Path) -> None:
    record = start(60)
    assert record.idle_minutes == 1
    file = root / "main" / "record.json"
    told = json.loads(file.read_text())
    del told["idle_minutes"]
    file.write_text(json.dumps(told))
    found = registry.find()
    assert found is not None
    assert found.idle_minutes == 0
