"""Handlers of signals for a while."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from types import FrameType
from typing import Iterator, List, Optional

import pytest

from casa_desktop.system.signals import Handler, replaced

heard: List[str] = []


def _usual(_number: int, _frame: Optional[FrameType]) -> None:
    heard.append("usual")


def _around(former: Handler) -> Handler:
    def handle(number: int, frame: Optional[FrameType]) -> None:
        heard.append("own")
        former(number, frame)

    return handle


def _flags() -> bytes:
    """Return what sigaction(2) calls sa_flags, on x86-64."""
    found = ctypes.create_string_buffer(1024)
    ctypes.CDLL(None).sigaction(signal.SIGUSR1, None, found)
    return found.raw[136:140]


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    heard.clear()
    before = signal.signal(signal.SIGUSR1, _usual)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_another_handler_is_called_within_the_block_alone() -> None:
    with replaced(signal.SIGUSR1, _around):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert heard == ["own", "usual"]
    os.kill(os.getpid(), signal.SIGUSR1)
    assert heard == ["own", "usual", "usual"]


def test_system_calls_are_restarted_after_the_block_if_they_were_before() -> None:
    usual = _flags()
    signal.siginterrupt(signal.SIGUSR1, False)
    before = _flags()
    with replaced(signal.SIGUSR1, _around):
        pass
    assert _flags() == before != usual


def test_other_threads_change_nothing() -> None:
    found: List[object] = []

    def look() -> None:
        with replaced(signal.SIGUSR1, _around):
            found.append(signal.getsignal(signal.SIGUSR1))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [_usual]


def test_a_handler_that_is_not_python_s_stays() -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with replaced(signal.SIGUSR1, _around):
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
